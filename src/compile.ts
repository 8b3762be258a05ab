/**
 * THE compiler: from an ONNX file to the bytes of a spike program, one line a pass. Start reading
 * here; each name below is a room of the house, in the order in which a network passes through them.
 */
import { toolVersion } from './tool-version.js';
import { OWN_KERNELS, type BackendIdentity, type DenseBackend } from './backend/dense-backend.js';
import type { Graph } from './graph/graph.js';
import type { Dataset } from './data/dataset.js';
import type { Diagnostic } from './diagnostics.js';
import { layerWork } from './graph/macs.js';
import { graphText } from './graph/text.js';
import { verifyGraph } from './graph/verify.js';
import { createKernels } from './kernels/kernels.js';
import { checkMagnitudes, referenceOf } from './lower/check-pass.js';
import { learnInPasses, measureLearning, type LearnOptions } from './learning-passes.js';
import { asCore, lowerPasses, runPass } from './lower/lower.js';
import { checkDelays, partition } from './map/partition.js';
import { place } from './map/place.js';
import { route } from './map/route.js';
import { mappingText } from './map/text.js';
import type { SpikeTraffic } from './map/traffic-graph.js';
import { verifyPartitioned, verifyPlaced, verifyRouted } from './map/verify.js';
import { importOnnx, type ImportOptions } from './onnx/import-onnx.js';
import { Pipeline, type PassObserver, type PassRecord } from './pipeline.js';
import { emitProgram } from './program/emit.js';
import type { Normalisation, Program } from './program/program.js';
import { prove } from './proof-passes.js';
import { readProgram } from './program/read.js';
import { programText } from './program/text.js';
import { quantise } from './quantise/quantise.js';
import { integerText } from './quantise/text.js';
import { verifyIntegerNetwork } from './quantise/verify-integer.js';
import { learningReportText, type LearningReport } from './report/learning-report.js';
import { mappingLines } from './report/mapping-lines.js';
import type { Proof } from './report/proof.js';
import { mappingReport, type MappingReport } from './report/mapping-report.js';
import { calibrate, checkThresholds } from './spiking/calibrate.js';
import { calibrationSamples, perChannel } from './spiking/calibration-samples.js';
import { convert, rectifierNeuron } from './spiking/convert.js';
import { countNeurons, countSynapses } from './spiking/count-synapses.js';
import { checkChoices, currentRegisters, DEFAULT_LEAK, defaultReset, narrowWeights, type SpikeKind } from './spiking/choices.js';
import { mapShape } from './spiking/linear-paths.js';
import { populationId, type InputCode, type Reset } from './spiking/network.js';
import { searchConversion, searchLines, type SearchOptions, type SearchRecord } from './spiking/search.js';
import { spikingText } from './spiking/text.js';
import { verifySpikingNetwork } from './spiking/verify-network.js';
import { findWholeFilters, mayHoldWholeWeights, sharedThresholds, wholeText } from './spiking/whole-weights.js';
import type { ImageSet } from './synthesise/image-set.js';
import { synthesise, type SynthesiseOptions } from './synthesise/synthesise.js';
import type { Target } from './target/schema.js';

export interface CompileOptions extends Omit<ImportOptions, 'report'> {
  readonly target: Target;
  /** T, steps of one inference. */
  readonly timesteps: number;
  /** The target's preferred one by default. */
  readonly reset?: Reset;
  readonly neuron?: 'if' | 'lif';
  /** Register of the synaptic current's decay: a step keeps (4095 - this) / 4096 of it. Left out: currents do not last. */
  readonly currentDecay?: number;
  /** Steps from a spike to the next possible one; 1, no wait, by default. */
  readonly refractory?: number;
  /** Binary by default; signed ones need a target with `signedSpikes`. */
  readonly spikes?: SpikeKind;
  /** Of signed neurons: a spike is taken back below minus this many thresholds, 0 to 1; 0 by default. */
  readonly retract?: number;
  readonly code?: InputCode['code'];
  /** Bits of a weight, sign included, if fewer than the target's. */
  readonly weightBits?: number;
  /** Rounds the whole weights of a quantised model anew, so that every channel has its own threshold. */
  readonly roundWeights?: boolean;
  /** How bytes become the network's input; byte / 255 by default, with a warning. */
  readonly normalisation?: Normalisation;
  /** The user's own images for the thresholds; none are needed. */
  readonly calibration?: Dataset;
  /** Images made from this model for the thresholds and for learning, in place of procedural ones. */
  readonly images?: ImageSet;
  /** Tries so many candidates of thresholds and corrections on synthetic images: `spiking/search.ts`. */
  readonly search?: Pick<SynthesiseOptions, 'workers' | 'signal'> & Pick<SearchOptions, 'trials' | 'onTrial'>;
  /** Retrains the converted network through time, with the ANN as teacher, and measures what came of it. */
  readonly learn?: LearnOptions;
  readonly seed?: number;
  /** Mean spikes of a neuron in one inference by population, as an earlier program of this model had them on `data`: cores are placed for them in place of the estimate. */
  readonly measured?: { readonly spikes: SpikeTraffic; readonly data: string };
  /** Trials of the placement search as a multiple of its default. */
  readonly placementEffort?: number;
  /** Spreads the work over up to so many cores; as few as possible by default. */
  readonly cores?: number | undefined;
  /** Also compares every representation with the model, layer by layer, on the sample images. */
  readonly proof?: boolean;
  /** Does the dense work of the float network in place of the own kernels; the checks of the lowering stay with these. */
  readonly backend?: DenseBackend | undefined;
  readonly observer?: PassObserver;
}

export interface CompileSummary {
  readonly cores: number;
  readonly chips: number;
  readonly neurons: number;
  /** Connections, shared weights written out. */
  readonly synapses: number;
  /** Of the imported network. */
  readonly parameters: number;
  /** Who computed the float network for thresholds and learning. */
  readonly backend: BackendIdentity;
  /** What the search for thresholds found, if it was asked for. */
  readonly search?: SearchRecord;
  /** What temporal learning did, if it was asked for. */
  readonly learning?: LearningReport;
  /** How far each representation is from the model, if it was asked for. */
  readonly proof?: Proof;
  /** Of a quantised model: filters on the chip, and those that are stored as the whole numbers of the file. A warning names each other one. */
  readonly wholeWeights?: { readonly filters: number; readonly kept: number };
  /** How full the cores are and what the spikes put on the mesh. */
  readonly mapping: MappingReport;
  readonly passes: readonly PassRecord[];
  readonly warnings: readonly Diagnostic[];
}

export interface CompileResult {
  readonly program: Program;
  readonly bytes: Uint8Array;
  readonly summary: CompileSummary;
}

/** Images for the search of a conversion, made from the network. */
const SEARCH_IMAGES = 96;

/** Compiles the ONNX file at `path`. Throws one CompileError with all of a stage's problems. */
export async function compileModel(path: string, options: CompileOptions): Promise<CompileResult> {
  const { timesteps, seed = 0, code = 'bias', neuron = 'if', spikes = 'binary', retract = 0 } = options;
  const target = narrowWeights(options.target, options.weightBits);
  const reset = options.reset ?? defaultReset(target, spikes);
  const current = currentRegisters(options.currentDecay, options.refractory);
  const choices = { target, reset, neuron, spikes, current, timesteps };
  const pipeline = new Pipeline(options.observer ?? { onPass: () => undefined });
  const kernels = createKernels();

  await pipeline.step('check-options', { run: (report) => checkChoices({ ...choices, populations: 0 }, report) });
  const model = await pipeline.step('import', { run: (report) => importOnnx(path, { ...options, report }), verify: (m) => verifyGraph(m.graph), text: (m) => graphText(m.graph) });

  const reference = await pipeline.step('evaluate', {
    run: (report) => {
      const found = referenceOf(model.graph, kernels, { seed });
      checkMagnitudes(found, report);
      return found;
    },
  });
  let lowered = model.graph;
  const left: { readonly pass: string; readonly graph: Graph }[] = [];
  for (const pass of lowerPasses) {
    lowered = await pipeline.step(pass.name, { run: (report) => runPass(pass, lowered, { reference, kernels, report }), verify: verifyGraph, text: graphText });
    left.push({ pass: pass.name, graph: lowered });
  }
  const core = asCore(lowered);
  const storage = { target, reset, spikes, hosted: code === 'bias' };
  const quantised = options.roundWeights !== true && mayHoldWholeWeights(model.operators) ? await pipeline.step('find-whole-weights', { run: () => findWholeFilters(core, model.graph, storage), text: wholeText }) : null;
  const whole = quantised === null ? {} : { whole: quantised, shared: sharedThresholds(core, quantised, storage) };

  const imageShape = mapShape(core.nodes[0].shape);
  const normalisation = await pipeline.step('normalisation', { run: (report) => perChannel(options.normalisation, imageShape, report) });
  const synthetic = { imageShape, normalisation, images: options.images, modelSha256: model.sha256 };
  const samples = await pipeline.step('synthesise', { run: (report) => calibrationSamples({ ...synthetic, seed, dataset: options.calibration }, report) });
  const calibration = await pipeline.step('calibrate', {
    run: (report) => {
      const chosen = calibrate(core, { timesteps, reset, samples, privateData: options.calibration !== undefined, synthetic: options.images !== undefined, backend: options.backend, ...whole });
      checkThresholds(chosen, report);
      return chosen;
    },
    text: (c) => c.description,
  });
  const dynamics = { timesteps, reset, leak: neuron === 'lif' ? DEFAULT_LEAK : 1, ...(spikes === 'signed' ? { retract } : {}), ...(current === null ? {} : { current: { leak: (4095 - current.decay) / 4096, refractory: current.refractory } }), initial: 0.5 };
  const searched = options.search === undefined ? null : await pipeline.step('search', {
    run: async (report) => {
      const { trials, onTrial, ...threads } = options.search!;
      const images = options.images ?? (await synthesise(core, { ...threads, recipe: 'confident', count: SEARCH_IMAGES, seed: seed + 2, normalisation, model: { sha256: model.sha256, name: modelName(path) } })).set;
      const set = calibrationSamples({ ...synthetic, images, seed, dataset: undefined, count: SEARCH_IMAGES }, report);
      return searchConversion(core, calibration, { ...dynamics, neuron: rectifierNeuron(dynamics), samples: set, trials, onTrial });
    },
    text: ({ record }) => searchLines(record).map((line) => line.join(': ')).join('\n'),
  });
  const converted = await pipeline.step('convert', { run: () => convert(core, { ...calibration, ...searched, ...dynamics, ...whole, code, inputRange: samples.range }), verify: verifySpikingNetwork, text: spikingText });
  await pipeline.step('check-reset', { run: (report) => { checkChoices({ ...choices, populations: converted.populations.length - 1 }, report); checkDelays(converted, target, report); } });
  const lesson = options.learn === undefined ? null : await learnInPasses(pipeline, options.learn, { converted, ann: core, target, seed, backend: options.backend, request: { ...synthetic, seed: seed + 1, dataset: undefined, count: options.learn.images } });
  const spiking = lesson?.learned.network ?? converted;
  const integers = await pipeline.step('quantise', { run: (report) => quantise(spiking, target, report), verify: (n) => verifyIntegerNetwork(n, target), text: integerText });

  const filters = spiking.projections.filter((p) => p.whole !== undefined).length;
  const kept = filters - pipeline.warnings.filter((w) => w.code === 'quantise/weights-rounded').length;

  const estimated = new Map([...calibration.rates].map(([id, rate]) => [populationId(id), rate * timesteps]));
  const traffic = options.measured?.spikes ?? estimated;
  const spread = options.cores === undefined ? undefined : { cores: options.cores, traffic };
  const proof = options.proof !== true ? null : await pipeline.step('prove', { run: () => prove({ imported: model.graph, lowered: left, core, converted, corrections: searched?.corrections, learned: lesson !== null, integers, samples }, kernels, seed) });
  const partitioned = await pipeline.step('partition', { run: (report) => partition(integers, target, report, spread), verify: (m) => throwProblems(verifyPartitioned(m)), text: mappingText });
  const placed = await pipeline.step('place', { run: () => place(partitioned, { seed, traffic, effort: options.placementEffort ?? 1 }), verify: (m) => throwProblems(verifyPlaced(m)), text: mappingText });
  const routed = await pipeline.step('route', { run: () => route(placed), verify: (m) => throwProblems(verifyRouted(m)), text: mappingText });
  const mapping = await pipeline.step('weigh', { run: () => mappingReport(routed, { traffic, rates: options.measured === undefined ? 'estimated' : 'measured' }), text: (m) => mappingLines(m).map((line) => line.join(': ')).join('\n') });

  const layers = layerWork(model.graph).map(({ id, macs, parameters, inputs, outputs }) => ({ name: id, macs, parameters, inputs, outputs }));
  const parameters = layers.reduce((sum, l) => sum + l.parameters, 0);
  const mapped: Program = {
    ...routed,
    provenance: { tool: toolVersion(), modelSha256: model.sha256, modelName: options.card?.name ?? modelName(path), seed, calibration: [calibration.description, ...(searched === null ? [] : [`searched: ${searched.record.chosen}`]), ...(lesson === null ? [] : [`learned through time on ${lesson.learned.record.recipe}`]), ...(options.measured === undefined ? [] : [`placed for the spikes of ${options.measured.data}`])].join('; '), privateData: calibration.privateData || options.measured !== undefined },
    normalisation, source: { layers, parameters }, classes: options.card?.classNames ?? [],
  };
  const { bytes, program } = await pipeline.step('emit', { run: () => emitAndRead(mapped, path), verify: (file) => verifyBytes(file), text: (file) => programText(file.program) });
  const learning = lesson === null ? null : await pipeline.step('measure', { run: (report) => measureLearning({ ...lesson, emitted: program.network }, options.learn!, report), text: learningReportText });
  return {
    program, bytes,
    summary: { cores: routed.coresUsed, chips: routed.chipsUsed, neurons: countNeurons(spiking), synapses: countSynapses(spiking), parameters, backend: options.backend?.identity ?? OWN_KERNELS, mapping, ...(filters === 0 ? {} : { wholeWeights: { filters, kept } }), ...(searched === null ? {} : { search: searched.record }), ...(learning === null ? {} : { learning }), ...(proof === null ? {} : { proof }), passes: pipeline.passes, warnings: pipeline.warnings },
  };
}

/** The file's name without its ending: a path would make the bytes depend on where the file lay. */
const modelName = (path: string): string => (path.split(/[\\/]/).pop() ?? path).replace(/\.onnx$/, '');

export function throwProblems(problems: readonly string[]): void {
  if (problems.length > 0) throw new Error(`internal: mapping: ${problems.join('; ')}`);
}

/** The file and what it says: from here on the program is what was read from its bytes. That it can be read is up to us. */
export function emitAndRead(mapped: Program, path: string): { readonly bytes: Uint8Array; readonly program: Program } {
  const bytes = emitProgram(mapped);
  try {
    return { bytes, program: readProgram(bytes, path) };
  } catch (cause) {
    throw new Error('internal: the program cannot be read back', { cause });
  }
}

/** Written again, it must give the same bytes. */
export function verifyBytes({ bytes, program }: { readonly bytes: Uint8Array; readonly program: Program }): void {
  if (Buffer.compare(emitProgram(program), bytes) !== 0) throw new Error('internal: the program does not survive being written and read');
}
