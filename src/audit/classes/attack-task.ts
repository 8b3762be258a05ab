/**
 * What one thread of the class-leakage audit does: one attack on one subject from one seed, and what the
 * evaluators say of the images; or images for the floor and the ceiling. A job depends on nothing but its own
 * words, so neither the threads nor their number change a figure.
 */
import type { CoreNode, Graph } from '../../graph/graph.js';
import { createKernels, type Kernels } from '../../kernels/kernels.js';
import { reinitialise } from '../../learn/train-graph.js';
import { randomStream, randomUint32, substream } from '../../random.js';
import type { SpikingNetwork } from '../../spiking/network.js';
import { channelRanges } from '../../synthesise/picture.js';
import { withoutSoftmax, type Subject } from '../subject.js';
import { distil } from './distil.js';
import { evolve } from './evolve.js';
import { invert, type Canvas, type Drawn } from './invert.js';
import { createJudge, type Judged, type JudgeParts, type LabelledPictures } from './judge.js';
import { readNetwork } from './read-program.js';
import { createScorer } from './scorer.js';
import { asAnn, rateGraph, withConstantInput, withPoissonInput } from './stand-ins.js';
import { batchNormPrior, thresholdPrior } from './statistics-prior.js';
import type { Attack } from './suite.js';
import { graphVictim, spikingVictim, type Victim } from './victim.js';

/** How hard the suite tries. */
export interface Effort {
  /** Images drawn of each class. */
  readonly perClass: number;
  readonly steps: number;
  readonly restarts: number;
  /** Poisson draws whose gradients are averaged. */
  readonly draws: number;
  /** Queries of attack D in all, and of attack G an image. */
  readonly distilQueries: number;
  readonly evolutionQueries: number;
}

export interface AttackedSubject {
  readonly subject: Subject;
  readonly canvas: Canvas;
}

export interface AttackInit {
  readonly subjects: readonly AttackedSubject[];
  readonly judge: JudgeParts;
  readonly ceiling: LabelledPictures;
  readonly effort: Effort;
  /** Shared: units of work done by all threads, one number. */
  readonly done: Int32Array;
}

/** `stepsFactor`: times the usual steps, for the check that more of them do no harm. */
export type AttackJob =
  | { readonly kind: 'attack'; readonly subject: number; readonly attack: Attack; readonly seed: number; readonly stepsFactor: number }
  | { readonly kind: 'random' | 'untrained' | 'ceiling'; readonly seed: number };

export interface AttackResult {
  readonly judged: Judged;
  /** [count, C, H, W] */
  readonly bytes: Uint8Array;
  /** The attacker's own mean loss; null where nothing was attacked. */
  readonly loss: number | null;
}

const RATE = 0.05;
/** Half width of the surrogates, in thresholds. */
const WIDTH = 1;
/** A step through a plain graph costs a fraction of one back through time: so many more are taken. */
const GRAPH_STEPS = 2;
const stepsOf = (attack: Attack, { steps }: Effort): number => (attack.id === 'B' ? steps : GRAPH_STEPS * steps);

export function start(init: AttackInit): (job: AttackJob) => Promise<AttackResult> {
  const { classes } = init.judge;
  const judge = createJudge(init.judge, createKernels());
  const labels = Uint16Array.from({ length: classes * init.effort.perClass }, (_, i) => i % classes);
  const kernels = createKernels();
  const students = new Map<string, Graph<CoreNode>>();
  return async (job) => {
    const mark = kernels.memory.mark();
    const drawn = await draw(job, { init, labels, kernels, students });
    kernels.memory.release(mark);
    return { bytes: drawn.bytes, loss: drawn.losses === null ? null : drawn.losses.reduce((sum, l) => sum + l, 0) / labels.length, judged: await judge({ bytes: drawn.bytes, labels }, job.seed) };
  };
}

interface Context {
  readonly init: AttackInit;
  readonly labels: Uint16Array;
  readonly kernels: Kernels;
  /** Attack D asks for the same student with either prior. */
  readonly students: Map<string, Graph<CoreNode>>;
}

async function draw(job: AttackJob, context: Context): Promise<{ readonly bytes: Uint8Array; readonly losses: Float64Array | null }> {
  const { init: { ceiling, subjects, effort, done }, labels, kernels } = context;
  const stream = substream(randomStream(job.seed), job.kind);
  switch (job.kind) {
    case 'attack': return attacked(job, context);
    case 'ceiling': return { bytes: ceiling.bytes, losses: null };
    case 'random': {
      const bits = randomUint32(stream, new Uint32Array(ceiling.bytes.length));
      return { bytes: Uint8Array.from(bits, (b) => b & 255), losses: null };
    }
    case 'untrained': {
      const [{ subject, canvas }] = subjects;
      const victim = graphVictim(reinitialise(readableGraph(subject), job.seed), kernels);
      return drain(invert(victim, labels, canvas, { settings: { prior: 'smooth', steps: GRAPH_STEPS * effort.steps, rate: RATE, restarts: effort.restarts }, stream }), done, 1);
    }
  }
}

async function attacked(job: Extract<AttackJob, { kind: 'attack' }>, context: Context): Promise<Drawn> {
  const { init: { subjects, effort, done, judge }, labels, students } = context;
  const { attack } = job;
  const { subject, canvas } = subjects[job.subject];
  const stream = substream(substream(randomStream(job.seed), 'attack'), attack.id);
  const settings = { prior: attack.prior, steps: stepsOf(attack, effort) * job.stepsFactor, rate: RATE, restarts: effort.restarts };
  if (attack.id === 'G') return drain(evolve(createScorer(subject), labels, canvas, { settings: { prior: attack.prior, restarts: 1, queries: effort.evolutionQueries }, stream }), done, unitsOf(attack, subject, effort));
  if (attack.id === 'D' && !students.has(`${job.subject} ${job.seed}`)) {
    students.set(`${job.subject} ${job.seed}`, await distil(createScorer(subject), canvas, { settings: { classes: judge.classes, queries: effort.distilQueries }, stream: substream(stream, 'distil') }));
  }
  return drain(invert(victimOf(attack, { ...context, subject, canvas, student: students.get(`${job.subject} ${job.seed}`) ?? null }), labels, canvas, { settings, stream }), done, unitsOf(attack, subject, effort));
}

/** Units of one step of one image, or of one query: about how long each takes, for the progress. */
export function unitsOf(attack: Attack, subject: Subject, { draws }: Pick<Effort, 'draws'>): number {
  const spiking = subject.kind === 'ann' ? 1 : Math.max(1, Math.round((subject.kind === 'spiking' ? subject.network : subject.program.network).timesteps / 3));
  if (attack.id === 'B') return 2 * spiking * (attack.input === 'poisson' ? draws : 1);
  return attack.id === 'G' ? spiking : 1;
}

/** Steps times images of a job, in the units of `unitsOf`. */
export function workOf(job: AttackJob, subjects: readonly AttackedSubject[], { effort, classes }: { readonly effort: Effort; readonly classes: number }): number {
  const images = classes * effort.perClass;
  switch (job.kind) {
    case 'random': case 'ceiling': return 0;
    case 'untrained': return images * GRAPH_STEPS * effort.steps * effort.restarts;
    case 'attack': return unitsOf(job.attack, subjects[job.subject].subject, effort) * images * (job.attack.id === 'G' ? effort.evolutionQueries : stepsOf(job.attack, effort) * effort.restarts * job.stepsFactor);
  }
}

/** The weights read as an ANN. */
export function readableGraph(subject: Subject): Graph<CoreNode> {
  switch (subject.kind) {
    case 'ann': return withoutSoftmax(subject.graph) as Graph<CoreNode>;
    case 'spiking': return asAnn(subject.network);
    case 'program': return asAnn(readNetwork(subject.program.network));
  }
}

/** The float network of a spiking subject. */
export function readableNetwork(subject: Extract<Subject, { kind: 'spiking' | 'program' }>): SpikingNetwork {
  return subject.kind === 'spiking' ? subject.network : readNetwork(subject.program.network);
}

interface VictimContext extends Context {
  readonly subject: Subject;
  readonly canvas: Canvas;
  readonly student: Graph<CoreNode> | null;
}

function victimOf(attack: Exclude<Attack, { id: 'G' }>, { init, labels, kernels, subject, canvas, student }: VictimContext): Victim {
  switch (attack.id) {
    case 'A': return graphVictim(readableGraph(subject), kernels);
    case 'B': {
      const network = networkOf(subject);
      const entered = attack.input === 'current' ? withConstantInput(network) : withPoissonInput(network, largestInput(canvas));
      return spikingVictim(entered, { surrogate: { shape: attack.surrogate, width: WIDTH }, draws: attack.input === 'poisson' ? init.effort.draws : 1 }, kernels);
    }
    case 'C': return graphVictim(rateGraph(networkOf(subject)), kernels);
    case 'D': return graphVictim(student!, kernels);
    case 'E': {
      const graph = readableGraph(subject);
      const inner = subject.kind === 'ann' ? batchNormPrior(graph, labels.length) : thresholdPrior(graph, networkOf(subject), labels.length);
      if (inner === null) throw new Error('internal: attack E on a network without statistics');
      return graphVictim(graph, kernels, inner);
    }
  }
}

function networkOf(subject: Subject): SpikingNetwork {
  if (subject.kind === 'ann') throw new Error('internal: an ANN has no spikes');
  return readableNetwork(subject);
}

/** |x| of the byte that is farthest from zero. */
function largestInput({ shape: [channels], normalisation }: Canvas): number {
  const { middle, half } = channelRanges(channels, normalisation);
  return Math.max(...Array.from(middle, (m, c) => Math.abs(m) + half[c]));
}

/** Runs to the end, counting units of work where others see them. */
async function drain<T>(steps: Generator<number, T>, done: Int32Array, units: number): Promise<T> {
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
    Atomics.add(done, 0, step.value * units);
    await new Promise((resolve) => setImmediate(resolve)); // lets signals in where there is no other thread
  }
}

