/** A file that was read for an audit or for pruning, as a network that can be trained again. */
import type { fitDataset } from '../data/fit-dataset.js';
import { fail, Reporter } from '../diagnostics.js';
import { createKernels } from '../kernels/kernels.js';
import { graphTrainee, spikingTrainee, type Trainee } from '../learn/trainee.js';
import { lower } from '../lower/lower.js';
import type { AuditSubject } from './audit-subject.js';

/** What can be trained of a file. Throws `learn/not-a-trained-network` for a program. */
export function traineeOf({ file }: AuditSubject, path: string): Trainee {
  switch (file.kind) {
    case 'ann': return graphTrainee(lower(file.graph, { report: new Reporter(), kernels: createKernels() }));
    case 'spiking': return spikingTrainee(file.trained.architecture, file.trained.network);
    case 'program': return fail('learn/not-a-trained-network', { kind: 'file', path }, {});
  }
}

/** The images that it takes and the classes that it tells apart. */
export function endsOf(trainee: Trainee): Parameters<typeof fitDataset>[1] {
  const network = trainee.networkOf(trainee.parameters);
  switch (network.kind) {
    case 'ann': {
      const [channels, rows = 1, columns = 1] = network.graph.nodes[0].shape;
      return { imageShape: [channels, rows, columns], classes: network.graph.nodes.find((n) => n.id === network.graph.outputs[0])!.shape.reduce((a, b) => a * b, 1) };
    }
    case 'spiking': return { imageShape: network.network.imageShape, classes: network.network.populations[network.network.populations.length - 1].shape[0] };
  }
}
