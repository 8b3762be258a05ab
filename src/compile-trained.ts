/**
 * The compiler's second half for a network that `train` made: nothing is converted or calibrated, since
 * weights and thresholds were learned, so no image of anybody is read. All of it is post-processing of the
 * trained network, and the certificate of private training goes into the program unchanged.
 */
import { emitAndRead, throwProblems, verifyBytes } from './compile.js';
import { checkCertificate } from './certify.js';
import { fail, type Diagnostic } from './diagnostics.js';
import { layerWork } from './graph/macs.js';
import { createKernels } from './kernels/kernels.js';
import { readBackGraph } from './learn/distance.js';
import { createLearner } from './learn/fast-bptt.js';
import { readParameters } from './learn/parameters.js';
import type { TrainedNetworkFile } from './learn/trained-network-file.js';
import { checkDelays, partition } from './map/partition.js';
import { place } from './map/place.js';
import { route } from './map/route.js';
import { mappingText } from './map/text.js';
import type { SpikeTraffic } from './map/traffic-graph.js';
import { verifyPartitioned, verifyPlaced, verifyRouted } from './map/verify.js';
import { Pipeline, type PassObserver, type PassRecord } from './pipeline.js';
import type { Program } from './program/program.js';
import { programText } from './program/text.js';
import { quantise } from './quantise/quantise.js';
import { randomStream, substream } from './random.js';
import { integerText } from './quantise/text.js';
import { verifyIntegerNetwork } from './quantise/verify-integer.js';
import { mappingLines } from './report/mapping-lines.js';
import { mappingReport, type MappingReport } from './report/mapping-report.js';
import { calibrationSamples } from './spiking/calibration-samples.js';
import { checkChoices, narrowWeights } from './spiking/choices.js';
import { countNeurons, countSynapses } from './spiking/count-synapses.js';
import { fires, neuronCount, type Neuron, type Reset, type SpikingNetwork } from './spiking/network.js';
import { spikingText } from './spiking/text.js';
import { verifySpikingNetwork } from './spiking/verify-network.js';
import type { Target } from './target/schema.js';
import { toolVersion } from './tool-version.js';

export interface CompileTrainedOptions {
  readonly target: Target;
  /** SHA-256 of the trained network's file. */
  readonly sha256: string;
  /** In place of a soft reset the same one built from two compartments. Default: as trained, or that where the target has nothing else that is soft. */
  readonly reset?: Reset;
  readonly weightBits?: number;
  readonly placementEffort?: number;
  readonly seed?: number;
  readonly observer?: PassObserver;
}

export interface CompileTrainedSummary {
  readonly cores: number;
  readonly chips: number;
  readonly neurons: number;
  readonly synapses: number;
  readonly parameters: number;
  readonly mapping: MappingReport;
  readonly passes: readonly PassRecord[];
  readonly warnings: readonly Diagnostic[];
}

/** Compiles a trained network; `name` is the program's in messages. Throws one CompileError with all of a stage's problems. */
export async function compileTrained(trained: TrainedNetworkFile, name: string, options: CompileTrainedOptions): Promise<{ readonly program: Program; readonly bytes: Uint8Array; readonly summary: CompileTrainedSummary }> {
  const { seed = 0 } = options;
  const { architecture, training } = trained;
  const target = narrowWeights(options.target, options.weightBits);
  const pipeline = new Pipeline(options.observer ?? { onPass: () => undefined });
  await pipeline.step('check-certificate', { run: () => checkCertificate(training, name) });
  const spiking = await pipeline.step('check-options', { run: (report) => {
    const { network, reset } = withReset(trained.network, target, options.reset);
    checkChoices({ target, reset, neuron: architecture.neuron.model, spikes: 'binary', current: null, timesteps: architecture.timesteps, populations: 0 }, report);
    return network;
  }, verify: verifySpikingNetwork, text: spikingText });
  await pipeline.step('check-delays', { run: (report) => checkDelays(spiking, target, report) });
  const integers = await pipeline.step('quantise', { run: (report) => quantise(spiking, target, report), verify: (n) => verifyIntegerNetwork(n, target), text: integerText });
  const partitioned = await pipeline.step('partition', { run: (report) => partition(integers, target, report), verify: (m) => throwProblems(verifyPartitioned(m)), text: mappingText });
  const { scale, mean, std } = architecture.normalisation;
  const normalisation = { scale, mean, std };
  const traffic = await pipeline.step('estimate-traffic', { run: (report) => {
    const samples = calibrationSamples({ imageShape: spiking.imageShape, normalisation, images: undefined, modelSha256: options.sha256, seed, dataset: undefined, count: TRAFFIC_IMAGES }, report);
    return estimateTraffic(trained, samples, seed);
  } });
  const placed = await pipeline.step('place', { run: () => place(partitioned, { seed, traffic, effort: options.placementEffort ?? 1 }), verify: (m) => throwProblems(verifyPlaced(m)), text: mappingText });
  const routed = await pipeline.step('route', { run: () => route(placed), verify: (m) => throwProblems(verifyRouted(m)), text: mappingText });
  const mapping = await pipeline.step('weigh', { run: () => mappingReport(routed, { traffic, rates: 'estimated' }), text: (m) => mappingLines(m).map((line) => line.join(': ')).join('\n') });
  const layers = layerWork(readBackGraph(trained.network)).map(({ id, macs, parameters, inputs, outputs }) => ({ name: id, macs, parameters, inputs, outputs }));
  const parameters = layers.reduce((sum, l) => sum + l.parameters, 0);
  const mapped: Program = {
    ...routed,
    provenance: { tool: toolVersion(), modelSha256: options.sha256, modelName: architecture.name, seed, calibration: 'none: thresholds and weights were trained', privateData: true, training },
    normalisation, source: { layers, parameters }, classes: [],
  };
  const { bytes, program } = await pipeline.step('emit', { run: () => emitAndRead(mapped, name), verify: (file) => verifyBytes(file), text: (file) => programText(file.program) });
  return {
    program, bytes,
    summary: { cores: routed.coresUsed, chips: routed.chipsUsed, neurons: countNeurons(spiking), synapses: countSynapses(spiking), parameters, mapping, passes: pipeline.passes, warnings: pipeline.warnings },
  };
}

const TRAFFIC_IMAGES = 16;

/** A soft reset without leak can be had in two ways with the same spikes; any other change would make another network. */
function withReset(network: SpikingNetwork, { capabilities: { resets } }: Target, wanted: Reset | undefined): { readonly network: SpikingNetwork; readonly reset: Reset } {
  const trained = network.populations.map((p) => p.neuron).find(fires)?.reset ?? 'soft';
  const convertible = trained === 'soft' && network.populations.every((p) => p.neuron.model !== 'lif');
  const reset = wanted ?? (convertible && !resets.includes('soft') && resets.includes('soft-two-compartment') ? 'soft-two-compartment' : trained);
  if (reset !== trained && !(convertible && reset === 'soft-two-compartment')) fail('learn/trained-with-another-reset', { kind: 'option', option: '--reset' }, { trained, reset });
  const changed = (neuron: Neuron): Neuron => (neuron.model === 'if' || neuron.model === 'lif' ? { ...neuron, reset } : neuron);
  return { reset, network: { ...network, populations: network.populations.map((p) => ({ ...p, neuron: changed(p.neuron) })) } };
}

/** Mean spikes of a neuron in one inference on images drawn from a seed. */
function estimateTraffic({ network, architecture }: TrainedNetworkFile, { images, count }: { readonly images: Float32Array; readonly count: number }, seed: number): SpikeTraffic {
  const learner = createLearner(network, { surrogate: architecture.surrogate, loss: { distillation: 0, temperature: 1 }, time: 'exact', ratePenalty: 0 }, createKernels());
  learner.load(readParameters(network));
  const size = neuronCount(network.imageShape);
  const classes = new Float64Array(network.populations[network.populations.length - 1].shape[0]);
  const sums = network.populations.map(() => 0);
  const draws = substream(randomStream(seed), 'poisson');
  for (let i = 0; i < count; i++) learner.evaluate(images.subarray(i * size, (i + 1) * size), { target: classes, teacher: classes, stream: substream(draws, i) }).spikes.forEach((n, p) => { sums[p] += n; });
  return new Map(network.populations.map((p, i) => [p.id, sums[i] / (count * neuronCount(p.shape))]));
}
