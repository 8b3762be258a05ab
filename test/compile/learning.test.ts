// What the compiler says of learning is what the emitted program does: at T / 2, T and 2 T, on images it did not learn from.
import { beforeAll, describe, expect, it } from 'vitest';
import { normalisedImages } from '../../src/program/normalised-images.js';
import { compileModel, type CompileResult } from '../../src/compile.js';
import type { Dataset } from '../../src/data/dataset.js';
import { CompileError, formatDiagnostic, Reporter } from '../../src/diagnostics.js';
import { predict } from '../../src/graph/evaluate-parallel.js';
import type { LearnOptions } from '../../src/learning-passes.js';
import { importOnnx } from '../../src/onnx/import-onnx.js';
import { learningReportText, otherTimesteps } from '../../src/report/learning-report.js';
import { simulate } from '../../src/simulate/simulate.js';
import { loadTarget } from '../../src/target/load-target.js';
import { modelFile, plainSpec, randomBytes } from './tiny-models.js';

const path = modelFile('learning', plainSpec());
const normalisation = { scale: 255, mean: [0.5], std: [0.25] };
const made = randomBytes(40, [1, 6, 6]);
const data: Dataset = { ...made, labels: Uint16Array.from({ length: 40 }, (_, i) => i % 5) };
const compile = (learn: Partial<LearnOptions> | null, passes?: string[]): Promise<CompileResult> => compileModel(path, {
  target: loadTarget('loihi2'), timesteps: 6, normalisation, seed: 3,
  ...(learn === null ? {} : { learn: { images: 32, epochs: 2, workers: 1, rate: 0.02, ...learn } }),
  observer: { onPass: (name) => passes?.push(name) },
});

describe('the report on learning', () => {
  const passes: string[] = [];
  let result: CompileResult;
  beforeAll(async () => { result = await compile({ data, compare: true, distance: 5 }, passes); });

  it('comes from passes of its own', () => {
    expect(passes.slice(-11)).toEqual(['check-reset', 'held-out', 'learn', 'learn-without-distance', 'quantise', 'partition', 'place', 'route', 'weigh', 'emit', 'measure']);
  });

  it('states the accuracy and the agreement of the emitted program at T / 2, T and 2 T', async () => {
    const table = result.summary.learning!.data!;
    expect([table.count, table.timesteps]).toEqual([40, [3, 6, 12]]);
    const { graph } = importOnnx(path, { report: new Reporter() });
    const ann = await predict(graph, normalisedImages(result.program.normalisation, data), 40, { workers: 1 });
    const share = (answer: (i: number) => number, truth: Uint16Array): number => Array.from(truth, (t, i) => answer(i) === t).filter(Boolean).length / 40;
    expect(table.annAccuracy).toBe(share((i) => ann[i], data.labels));
    for (const [k, t] of table.timesteps.entries()) {
      const program = { ...result.program, network: { ...result.program.network, timesteps: t } };
      const { predictions } = await simulate(program, data, { timing: 'functional', seed: 0, workers: 1 });
      const answer = (i: number): number => predictions[(i + 1) * t - 1];
      expect(table.stages[1].spiking[k], `T = ${t}`).toEqual({ agreement: share(answer, ann), accuracy: share(answer, data.labels) });
    }
  });

  it('compares before, after, and after learning without distance', () => {
    const { heldOut, withoutDistance, settings, distances, readBackAgreement } = result.summary.learning!;
    expect(heldOut.stages.map((s) => s.network)).toEqual(['converted', 'learned', 'learned without distance']);
    expect(heldOut.images).toBe('256 procedural images (dead leaves, octave noise, pen strokes), of another seed');
    expect([heldOut.annAccuracy, heldOut.stages[0].spiking[0].accuracy]).toEqual([null, null]);
    expect(heldOut.stages[0].readBack.agreement).toBe(1);
    expect([settings.distance, withoutDistance?.settings.distance]).toEqual([5, 0]);
    const moved = (d: typeof distances): number => d.reduce((sum, { relative }) => sum + relative, 0);
    expect(moved(distances)).toBeGreaterThan(moved(withoutDistance!.distances));
    expect(readBackAgreement).toBeGreaterThan(0);
  });

  it('is printed by --print-after measure', () => {
    expect(learningReportText(result.summary.learning!).split('\n')).toEqual([
      'same answer as the ANN on 256 procedural images (dead leaves, octave noise, pen strokes), of another seed',
      expect.stringMatching(/^ {2}converted {2}T = 3 \d+\.\d %, T = 6 \d+\.\d %, T = 12 \d+\.\d %, read back 100\.0 %$/),
      expect.stringMatching(/^ {2}learned {2}T = 3 /), expect.stringMatching(/^ {2}learned without distance {2}T = 3 /),
      expect.stringMatching(/^same answer as the ANN \(accuracy \d+\.\d %\) on random bytes$/),
      expect.stringMatching(/^ {2}converted {2}T = 3 \d+\.\d % \(accuracy \d+\.\d %\), /), expect.stringMatching(/^ {2}learned /), expect.stringMatching(/^ {2}learned without distance /),
      result.summary.learning!.verdict,
    ]);
  });

  it('leaves the program alone: the same bytes without data and without the comparison', async () => {
    const plain = await compile({ distance: 5 });
    expect(Buffer.compare(plain.bytes, result.bytes)).toBe(0);
    expect(plain.summary.learning).toMatchObject({ data: null, withoutDistance: null, heldOut: { count: 256 } });
    expect(Buffer.compare((await compile(null)).bytes, result.bytes)).not.toBe(0);
  });
});

it('data of another shape or with more classes are refused before learning', async () => {
  const said = async (wrong: Dataset): Promise<string> => {
    let steps = 0;
    try {
      await compile({ data: wrong, onStep: () => { steps++; } });
    } catch (error) {
      if (error instanceof CompileError) return `${error.diagnostics.map((d) => d.code).join()} after ${steps} steps`;
      throw error;
    }
    return 'it learned';
  };
  expect(await said(randomBytes(4, [3, 6, 6]))).toBe('run/data-shape after 0 steps');
  expect(await said({ ...data, labels: data.labels.map((l) => l + 1) })).toBe('run/data-classes after 0 steps');
});

it('learn/lost-agreement: a run that ends with fewer of the ANN\'s answers says so', async () => {
  const { summary: { warnings, learning } } = await compile({ rate: 10, epochs: 8 });
  const [before, after] = learning!.heldOut.stages.map((s) => (100 * s.spiking[1].agreement).toFixed(1));
  expect(warnings.map(formatDiagnostic)).toEqual([
    `warning[learn/lost-agreement]: learning has lost answers: at T = 6 the network answers as the ANN does on ${after} % of images that it did not learn from, before it was ${before} %\n`
    + '  hint: choose more --learning-images or --epochs, a smaller --learning-rate, or compile without --encrypt']);
  expect((await compile({ rate: 1e-6 })).summary.warnings).toEqual([]);
});

it('half a time step is none', () => {
  expect([1, 2, 5, 32].map(otherTimesteps)).toEqual([[1, 2], [1, 2, 4], [2, 5, 10], [16, 32, 64]]);
});
