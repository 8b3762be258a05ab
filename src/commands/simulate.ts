/** `spikeveil simulate PROGRAM --data SPEC`: runs a program on virtual cores and says what it got right and what it cost. */
import { Command, Option } from 'commander';
import { describeBackend } from '../backend/dense-backend.js';
import type { BackendChoice } from '../backend/open-backend.js';
import { trainingLines } from '../learn/training-record.js';
import { formatCount, formatJoules, formatPercent, formatRatio, formatSeconds, formatSi } from '../report/quantities.js';
import { backendOption, chosenBackend } from './backend-option.js';
import { dataOption, integer, jsonOption, kernelsOption, limitOption, profileOption, seedOption, workersOption } from './options.js';
import { notice, say, sayJson } from './output.js';
import { addObserveOptions, checkProbeFlags, checkSnapshotFlags, type ObserveFlags } from './observe-options.js';
import type { RunFigures } from './run-figures.js';
import type { RunFlags } from './run-program.js';
import { pairs, plural } from './table.js';
import { checkOutput, writeOutputs } from './write-output.js';

interface SimulateFlags extends RunFlags, ObserveFlags { readonly ann?: string; readonly backend: BackendChoice; readonly out?: string; readonly json?: true }

export const simulateCommand = (): Command => addObserveOptions(new Command('simulate')
  .description('Run a program on virtual cores: accuracy beside the float network, spikes, energy, latency.')
  .argument('<program>', 'a program file (.spk)')
  .addOption(dataOption())
  .addOption(limitOption())
  .addOption(new Option('--timing <model>', 'functional: spikes and counts; pipeline: latency too; cycle: latency with every router cycle by cycle, and how far pipeline is off').choices(['functional', 'pipeline', 'cycle']).default('pipeline'))
  .addOption(profileOption())
  .option('--ann <model>', 'the ONNX file it was compiled from (default: the one compile noted)')
  .option('--out <file>', 'write the run for `spikeveil report`')
  .addOption(new Option('--raster <image>', 'keep every spike of this image for the report (with --out, image 0 unless told otherwise)').argParser(integer(0, 1e9)))
  .addOption(kernelsOption())
  .addOption(backendOption())
  .addOption(seedOption())
  .addOption(workersOption())
  .addOption(jsonOption()))
  .addHelpText('after', '\nExamples:\n  $ spikeveil simulate vgg.spk --data cifar10:models/samples/cifar10-1000.bin.gz\n  $ spikeveil simulate vgg.spk --data cifar10:test_batch.bin.gz --limit 500 --out run.json\n  $ spikeveil simulate vgg.spk --data cifar10:test_batch.bin.gz --limit 10 --probe relu_1:0-31 --probe-out probes --trace steps.csv')
  .action(async (path: string, flags: SimulateFlags, command: Command) => {
    checkProbeFlags(flags, command);
    checkSnapshotFlags(flags, command);
    if (flags.out !== undefined) checkOutput(flags.out);
    const [{ loadRun, runProgram }, { annAnswers }, { runFigures }, { observedOutputs }] = await Promise.all([import('./run-program.js'), import('./ann-answers.js'), import('./run-figures.js'), import('./observed-outputs.js')]);
    const backend = await chosenBackend(flags.backend);
    const loaded = loadRun(path, flags);
    const { program, dataset } = loaded;
    const inside = observedOutputs(program, flags, { dataset, seed: flags.seed, timing: flags.timing });
    try {
      const ann = await annAnswers(program, dataset, { programPath: path, annPath: flags.ann, workers: flags.workers, backend });
      const { trace, energy } = await runProgram(loaded, { ...flags, observer: inside.observer, ...(flags.out !== undefined && flags.raster === undefined ? { raster: 0 } : {}) });
      const figures = runFigures(program, trace, energy, { labels: dataset.labels, ann, annBackend: backend?.identity });
      const written = await inside.finish();
      if (flags.out !== undefined) {
        const [{ runRecord }, { printRunRecord }] = await Promise.all([import('./record-run.js'), import('../report/read-run.js')]);
        await writeOutputs([{ path: flags.out, content: printRunRecord(runRecord(path, { program, dataset, trace, energy }, figures, flags.seed)) }]);
        written.unshift(flags.out);
      }
      if (flags.json === true) sayJson(figures);
      else say(figuresText(figures));
      for (const file of written) notice(`wrote ${file}`);
    } finally {
      inside.discard();
    }
  });

function hardestClass(classes: RunFigures['classes']): string {
  const { name, accuracy, samples } = classes.reduce((a, b) => (b.accuracy < a.accuracy ? b : a));
  return `${name}, ${formatPercent(accuracy, 1)} of ${formatCount(samples)}`;
}

/** The figures as lines of a name and a value. */
export function figuresText(f: RunFigures): string {
  const [low, high] = f.accuracyInterval;
  return pairs([
    ['accuracy', `${formatPercent(f.accuracy, 2)} of ${formatCount(f.samples)} images (95 % interval ${(100 * low).toFixed(2)} to ${(100 * high).toFixed(2)})`],
    ['accuracy of the ANN', f.training !== undefined ? 'none: trained as a spiking network' : f.annAccuracy === null ? 'unknown: the model is not at hand' : formatPercent(f.annAccuracy, 2)],
    ...(f.annBackend === null ? [] : [['ANN computed by', describeBackend(f.annBackend)] as const]),
    ...(f.training !== undefined ? [] : [['same answer as the ANN', f.agreement === null ? 'unknown' : formatPercent(f.agreement, 2)] as const]),
    ...(f.classes.length < 2 ? [] : [['hardest class', hardestClass(f.classes)] as const]),
    ['time steps', String(f.timesteps)],
    ['spikes per inference', `${formatCount(f.spikesPerInference)}${f.retractionsPerInference > 0 ? `, of which ${formatCount(f.retractionsPerInference)} take one back` : ''}`],
    ['synaptic operations', `${formatCount(f.sopsPerInference)} per inference`],
    ['energy per inference', `${formatJoules(f.energyPerInferenceJoules)} (profile ${f.profile}${f.latencySeconds === null ? ', without static power' : ''})`],
    ['latency per inference', f.latencySeconds === null ? 'unknown: functional timing' : formatSeconds(f.latencySeconds)],
    ...(f.pipelineLatencySeconds === null || f.pipelineOverCycle === null ? [] : [['by pipeline timing', `${formatSeconds(f.pipelineLatencySeconds)}, ${formatRatio(f.pipelineOverCycle)} times cycle timing`] as const]),
    ...(f.training === undefined ? [] : trainingLines(f.training)),
    ['cores', `${formatCount(f.coresUsed)} on ${plural(f.chipsUsed, 'chip')}`],
    ['simulated in', `${formatSi(f.wallSeconds, 's')}, ${formatSi(f.eventsPerSecond, '')}events/s on ${plural(f.workers, 'worker')}`],
    ['kernels', f.kernels],
  ]);
}
