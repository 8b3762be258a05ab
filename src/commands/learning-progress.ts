/**
 * How far learning is: on a terminal one passing line with a bar, elsewhere a plain line about every
 * tenth part, both on stderr and within 80 columns. The clock that gives the speed and the time left
 * is read here, not in the library.
 */
import { SingleBar } from 'cli-progress';
import type { TrainingProgress } from '../learn/train.js';
import { notice } from './output.js';

export interface LearningProgress {
  readonly onStep: (progress: TrainingProgress) => void;
  /** What the next steps belong to. */
  readonly begin: (title: string) => void;
  readonly stop: () => void;
}

export interface Watch {
  /** Whether stderr is a terminal. */
  readonly terminal: boolean;
  /** Milliseconds. */
  readonly now: () => number;
}

const WIDTH = 80;
const LINES = 10;
const BAR = 20;

/** Images a second and what is left, from the steps that this process has made. */
interface Pace { readonly images: number; readonly secondsLeft: number }

export function learningProgress({ terminal, now }: Watch = { terminal: process.stderr.isTTY === true, now: () => performance.now() }): LearningProgress {
  const show = terminal ? passingLine() : plainLines();
  let [title, began, firstStep, images] = ['learning', 0, 0, 0];
  return {
    begin: (next) => { show.stop(); title = next; firstStep = 0; },
    onStep: (progress) => {
      if (firstStep === 0) [began, firstStep, images] = [now(), progress.step, 0]; // the threads started before it: no measure of the others
      else images += progress.images;
      const seconds = (now() - began) / 1000;
      const made = progress.step - firstStep;
      show.line(title, progress, made === 0 || seconds <= 0 ? null : { images: images / seconds, secondsLeft: (seconds / made) * (progress.steps - progress.step) });
      if (progress.step === progress.steps) show.stop();
    },
    stop: show.stop,
  };
}

interface Show {
  readonly line: (title: string, progress: TrainingProgress, pace: Pace | null) => void;
  readonly stop: () => void;
}

function passingLine(): Show {
  const open = (): SingleBar => new SingleBar({ format: (_, __, payload: { readonly line: string }) => payload.line, stream: process.stderr, clearOnComplete: true });
  let shown: SingleBar | null = null;
  return {
    line: (title, progress, pace) => {
      const { step, steps } = progress;
      const words = progressLine(progress, { title, pace });
      const bar = Math.min(BAR, WIDTH - words.length - 3);
      const payload = { line: bar < 4 ? words : words.replace(title, `${title} [${'='.repeat(Math.round((bar * step) / steps)).padEnd(bar, '-')}]`) };
      if (shown === null) (shown = open()).start(steps, step, payload);
      else shown.update(step, payload);
    },
    stop: () => { shown?.stop(); shown = null; },
  };
}

function plainLines(): Show {
  let shown = -1;
  return {
    line: (title, progress, pace) => {
      const tenth = Math.floor((LINES * progress.step) / progress.steps);
      if (tenth === shown) return;
      shown = tenth;
      notice(progressLine(progress, { title, pace }));
    },
    stop: () => { shown = -1; },
  };
}

/** The facts of a step in one line of at most 80 characters. */
export function progressLine({ step, steps, loss, agreement, rate }: TrainingProgress, { title, pace }: { readonly title: string; readonly pace: Pace | null }): string {
  const parts = [
    title, `${step}/${steps}`, `loss ${loss.toPrecision(3)}`, `agreement ${(100 * agreement).toFixed(0)} %`, `rate ${Number(rate.toPrecision(2))}`,
    ...(pace === null ? [] : [`${pace.images < 10 ? pace.images.toFixed(1) : Math.round(pace.images)} images/s`, ...(step === steps ? [] : [`${duration(pace.secondsLeft)} left`])]),
  ];
  const short = parts.map((p) => p.replace('agreement', 'agree').replace('images/s', 'img/s'));
  return [parts.join('  '), parts.join(' '), short.join(' ')].find((line) => line.length <= WIDTH) ?? short.slice(1).join(' ').slice(0, WIDTH);
}

function duration(seconds: number): string {
  if (seconds < 99.5) return `${Math.ceil(seconds)} s`;
  return seconds < 5940 ? `${Math.round(seconds / 60)} min` : `${(seconds / 3600).toFixed(1)} h`;
}
