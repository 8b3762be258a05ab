// The compiler's pass: images and a teacher in, a learned network and the measurement of its weights out.
import { expect, it } from 'vitest';
import { CompileError, Reporter } from '../../src/diagnostics.js';
import { indexNodes, sizeOf, type Graph } from '../../src/graph/graph.js';
import { kernelBuild } from '../../src/kernels/kernels.js';
import { readBackGraph } from '../../src/learn/distance.js';
import { heldOutSamples } from '../../src/learn/held-out.js';
import { learnFromTeacher, learningText, readability } from '../../src/learn/learn-from-teacher.js';
import { readParameters } from '../../src/learn/parameters.js';
import { imageSet } from '../../src/synthesise/image-set.js';
import { randomSpiking } from './random-spiking.js';
import { smallLesson } from './small-lesson.js';

it('learning from a teacher says how far the weights moved and how readable they are', async () => {
  const { network, set } = smallLesson(24);
  const samples = { count: 24, shape: network.imageShape, images: set.images, recipe: '24 patterns', seed: 0 };
  const { network: learned, record } = await learnFromTeacher(network, { teacher: readBackGraph(network), samples, epochs: 2, seed: 1, workers: 1, batch: 12 });
  expect(readParameters(learned)).not.toEqual(readParameters(network));
  expect([record.steps, record.first.step, record.last.step, record.images]).toEqual([4, 1, 4, 24]);
  expect(record.settings).toMatchObject({ epochs: 2, seed: 1, batch: 12, rate: 0.003, rounding: false });
  expect(record.settings).not.toHaveProperty('workers');
  expect(record.distances.map((d) => d.layer)).toEqual(['host into first', 'second<-first', 'classes<-second']);
  expect(record.readBackAgreement).toBeGreaterThan(0.5);
  const text = learningText(record).split('\n');
  expect(text[0]).toBe(`learned through time on 24 patterns, 2 epochs, 4 steps, kernels ${kernelBuild('auto')}`);
  expect(text[2]).toMatch(/^ {2}host into first {2}cosine [01]\.\d{3} {2}moved \d+\.\d %$/);
  expect(text.at(-1)).toMatch(/^the weights stay readable: as a plain ReLU network they answer as the ANN does on \d+\.\d % of the images it learned from, and \d of 3 layers keep a cosine above 0\.9 to the ANN's weights \(least -?[01]\.\d{3}\)$/);
});

it('weights are readable by their answers or by their direction, and otherwise no proof is claimed', () => {
  const layers = (...cosines: number[]) => cosines.map((cosine) => ({ layer: 'a', cosine, relative: 1 }));
  expect(readability(layers(0.2, 0.3), { agreement: 0.6, images: 'ten images' }).readable).toBe('wholly');
  expect(readability(layers(0.95, 0.99), { agreement: 0.1, images: 'ten images' })).toEqual({ readable: 'wholly', verdict: "the weights stay readable: as a plain ReLU network they answer as the ANN does on 10.0 % of ten images, and 2 of 2 layers keep a cosine above 0.9 to the ANN's weights (least 0.950)" });
  expect(readability(layers(0.95, 0.3), { agreement: 0.1, images: 'ten images' })).toEqual({ readable: 'in part', verdict: "the weights stay readable in part: 1 of 2 layers keep a cosine above 0.9 to the ANN's weights (least 0.300), though as a plain ReLU network they answer as the ANN does on 10.0 % of ten images" });
  expect(readability(layers(0.2, 0.3), { agreement: 0.1, images: 'ten images' })).toEqual({ readable: 'not so', verdict: "as a plain ReLU network the weights answer as the ANN does on 10.0 % of ten images, and 0 of 2 layers keep a cosine above 0.9 to the ANN's weights (least 0.200); these are two ways to read them, no proof that there is no other" });
});

it('a teacher of other classes or other images: learn/other-teacher', async () => {
  const { network, set } = smallLesson(10);
  const samples = { count: 10, shape: network.imageShape, images: set.images, recipe: 'ten', seed: 0 };
  const said = async (teacher: Graph): Promise<string> => {
    try {
      await learnFromTeacher(network, { teacher, samples, epochs: 1, seed: 1, workers: 1 });
    } catch (error) {
      if (error instanceof CompileError) return error.message;
      throw error;
    }
    return 'it learned';
  };
  const other = readBackGraph(randomSpiking(2, { code: 'bias' }).network);
  const classes = sizeOf(indexNodes(other).get(other.outputs[0])!.shape);
  expect(await said(other)).toBe(`error[learn/other-teacher]: the teacher tells ${classes} classes apart on images of ${other.nodes[0].shape.join(' x ')}, the network 4 on 1 x 6 x 6\n  hint: take a teacher with the classes and the image shape of this network`);
});

it('a network is judged on made-up images that it did not learn from', () => {
  const request = { imageShape: [1, 6, 6], normalisation: { scale: 255, mean: [0], std: [1] }, seed: 7, dataset: undefined } as const;
  const report = new Reporter();
  const drawn = heldOutSamples(request, 512, report);
  expect([drawn.count, drawn.recipe]).toEqual([256, '256 procedural images (dead leaves, octave noise, pen strokes), of another seed']);
  expect(drawn.images).not.toEqual(heldOutSamples({ ...request, seed: 8 }, 512, report).images);

  const bytes = Uint8Array.from({ length: 100 * 36 }, (_, i) => Math.floor(i / 36));
  const set = imageSet({ recipeName: 'procedural', settings: {}, seed: 0, modelSha256: '', modelName: 'm', normalisation: request.normalisation, shape: [1, 6, 6], bytes, classes: 0, targets: new Float32Array() }, 'ab'.repeat(32));
  const rest = heldOutSamples({ ...request, images: set }, 30, report);
  expect([rest.count, rest.recipe]).toEqual([70, '70 other images of the set abababababab']);
  expect([...rest.images]).toEqual([...set.images.subarray(30 * 36)]);
  expect(heldOutSamples({ ...request, images: set }, 40, report).recipe).toBe(drawn.recipe);
});
