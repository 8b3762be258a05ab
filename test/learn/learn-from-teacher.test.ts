// The compiler's pass: images and a teacher in, a learned network and the measurement of its weights out.
import { expect, it } from 'vitest';
import { kernelBuild } from '../../src/kernels/kernels.js';
import { readBackGraph } from '../../src/learn/distance.js';
import { learnFromTeacher, learningText } from '../../src/learn/learn-from-teacher.js';
import { readParameters } from '../../src/learn/parameters.js';
import { smallLesson } from './small-lesson.js';

it('learning from a teacher says how far the weights moved and how readable they are', async () => {
  const { network, set } = smallLesson(24);
  const samples = { count: 24, shape: network.imageShape, images: set.images, recipe: '24 patterns', seed: 0 };
  const { network: learned, record } = await learnFromTeacher(network, { teacher: readBackGraph(network), samples, epochs: 2, seed: 1, workers: 1, batch: 12 });
  expect(readParameters(learned)).not.toEqual(readParameters(network));
  expect([record.steps, record.first?.step, record.last?.step]).toEqual([4, 1, 4]);
  expect(record.distances.map((d) => d.layer)).toEqual(['host into first', 'second<-first', 'classes<-second']);
  expect(record.readBackAgreement).toBeGreaterThan(0.5);
  const text = learningText(record).split('\n');
  expect(text[0]).toBe(`learned through time on 24 patterns, 2 epochs, kernels ${kernelBuild('auto')}`);
  expect(text[2]).toMatch(/^ {2}host into first {2}cosine [01]\.\d{3} {2}moved \d+\.\d %$/);
  expect(text.at(-1)).toMatch(/^the weights stay readable: as a plain ReLU network they answer as the ANN does on \d+\.\d % of the images$/);
  expect(learningText({ ...record, readBackAgreement: 0.1 }).split('\n').at(-1)).toBe('read as a plain ReLU network, the weights answer as the ANN does on 10.0 % of the images');
});
