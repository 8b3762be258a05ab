/**
 * The public API: what a program needs to compile a network, read and write spike programs, simulate
 * them, price them, account for privacy and write the page. `examples/` shows each in one screen. What is not exported here
 * may change without notice.
 */
export { compileModel, type CompileOptions, type CompileResult, type CompileSummary } from './compile.js';
export { trainNetwork, type NetworkProgress, type TestedProgram, type TrainedResult, type TrainNetworkOptions } from './train.js';
export { compileTrained, type CompileTrainedOptions, type CompileTrainedSummary } from './compile-trained.js';
export type { PrivacyBudget, PrivatePlan } from './certify.js';
export { readArchitecture as readNetworkArchitecture } from './learn/read-architecture.js';
export type { Architecture } from './learn/architecture-schema.js';
export { readTrainedNetwork, writeTrainedNetwork, type TrainedNetworkFile } from './learn/trained-network-file.js';
export type { Certificate, TrainingRecord } from './learn/training-record.js';
export type { SearchRecord } from './spiking/search.js';
export type { LearnOptions } from './learning-passes.js';
export type { AnswersTable, LearningReport } from './report/learning-report.js';
export type { PassObserver, PassRecord } from './pipeline.js';
export { CompileError, formatDiagnostic, Reporter, type Code, type Diagnostic, type Severity, type Where } from './diagnostics.js';

export { importOnnx, type ImportOptions } from './onnx/import-onnx.js';
export { findModelCard, readModelCard, type ModelCard } from './onnx/model-card.js';
export { predict, type ParallelOptions } from './graph/evaluate-parallel.js';
export { openBackend, type BackendChoice } from './backend/open-backend.js';
export { describeBackend, type BackendIdentity, type DenseBackend } from './backend/dense-backend.js';
export type { Graph, GraphNode } from './graph/graph.js';

export { listTargets, loadTarget } from './target/load-target.js';
export type { Profile, Target } from './target/schema.js';
export { loadDataset } from './data/load-dataset.js';
export { splitOf, subset } from './data/subset.js';
export type { Dataset } from './data/dataset.js';

export { emitProgram } from './program/emit.js';
export { normalisedImages } from './program/normalised-images.js';
export { readProgram } from './program/read.js';
export { programText } from './program/text.js';
export type { Normalisation, Program, Provenance } from './program/program.js';
export type { IntegerNetwork, IntegerPopulation, IntegerProjection } from './quantise/integer-network.js';
export { mappingReport, type MappingReport } from './report/mapping-report.js';
export type { SpikeTraffic } from './map/traffic-graph.js';
export type { CorePlace, CoreSlice, CoreUse, Route, Slice } from './map/mapping.js';

export { simulate, type SimulationData, type SimulationOptions } from './simulate/simulate.js';
export type { SampleRecord, SimulationObserver } from './simulate/observer.js';
export { parseProbe, resolveProbes, type Probe, type ProbedLayer } from './simulate/probes.js';
export type { LayerRecord, StateRecord } from './simulate/probe-recorder.js';
export { probeFiles, probeIndex, probeNumbers, type ProbedRun, type ProbeFile, type Quantity, type RecordedSteps } from './simulate/probe-files.js';
export { stepTableHead, stepTableRows, type SampleSteps, type StepCounter } from './simulate/step-counters.js';
export { replay, takeSnapshot, type PopulationState, type ReplayedLayer, type ReplayedStep, type RunInput, type Snapshot, type StateArray } from './simulate/replay.js';
export { printSnapshot, readSnapshot } from './simulate/snapshot-file.js';
export { memoryByProjection, type ProjectionMemory } from './map/memory-by-projection.js';
export { coreImage, packMemory, type CoreImage, type PackedMemory } from './program/core-image.js';
export { programSha256 } from './program/program-hash.js';
export type { TimingModel, Trace } from './simulate/trace.js';
export { energyReport, type EnergyReport } from './energy/energy-report.js';
export type { EnergyLine } from './energy/energy-lines.js';
export { conventionRatios, measuredWorkload, paperWorkload, type ConventionRatio, type PaperNetwork, type Workload } from './energy/conventions.js';

export { explicitNetwork, type ExplicitNetwork, type Stimulus } from './interop/explicit-network.js';
export { architectureYaml } from './interop/sana-fe-architecture.js';
export { networkYaml } from './interop/sana-fe-network.js';
export { readArchitecture, readNetwork, type ReadArchitecture, type ReadNetwork } from './interop/read-sana-fe.js';
export { stimulusOf } from './commands/load-export.js';

export { runFigures, type RunAnswers, type RunFigures } from './commands/run-figures.js';
export { buildRunRecord, type RunSource } from './report/run-record.js';
export { printRunRecord, readRunRecord } from './report/read-run.js';
export type { RunRecord } from './report/run-schema.js';
export { ratioPlot, standaloneSvg, type RatioSeries } from './report/ratio-plot.js';
export { renderReport } from './report/html-report.js';

export type { Phase } from './audit/accountant/mechanism.js';
export { tightEpsilon, type TightEpsilon } from './audit/accountant/tight-epsilon.js';
export { noiseForBudget, type Budget, type NoiseForBudget } from './audit/accountant/noise-for-budget.js';
export { renyiEpsilon, renyiEpsilons, type Conversion, type RenyiEpsilon } from './audit/accountant/renyi.js';
export { clopperPearson, type Interval } from './audit/bounds/clopper-pearson.js';
export { epsilonFromOneRun, epsilonFromRates, gaussianEpsilon, gaussianMuFromRates, type AttackCounts, type OneRun } from './audit/bounds/epsilon-from-attack.js';
export { capFromEpsilon, capsFromMechanism } from './audit/bounds/true-positive-cap.js';
export { scoresOf, type ScoreOptions, type Subject } from './audit/subject.js';
export { auditMembership, type MembershipAudit, type MembershipRequest } from './audit/membership/audit-membership.js';
export { programReferences, spikingReferences, type ReferenceKind, type ReferenceTraining } from './audit/membership/reference-kinds.js';
export { annReferences, convertedReferences } from './audit/membership/ann-references.js';
export { isMembershipRecord, membershipRecord, type MembershipRecord } from './audit/records/membership.js';
export { auditClasses, type ClassAudit, type ClassAuditOptions, type NamedSubject, type RealImages } from './audit/classes/audit-classes.js';
export { suite, type Attack } from './audit/classes/suite.js';
export { classesRecord, isClassesRecord, type ClassesRecord } from './audit/records/classes.js';
export { graphTrainee, spikingTrainee, type Trainee } from './learn/trainee.js';
export { auditSparsity, type ChipFigures, type SparsityAudit, type SparsityRequest } from './audit/sparsity/audit-sparsity.js';
export { isSparsityRecord, sparsityRecord, type SparsityRecord } from './audit/records/sparsity.js';
export { sparsityPlot } from './report/sparsity-plot.js';
export { rocPlot } from './report/roc-plot.js';
