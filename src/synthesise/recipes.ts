/**
 * The recipes for making images from a network alone, as settings of one optimisation: what is asked of
 * an image, how strongly, and how it is moved there. A new recipe is a new entry here.
 */

export interface RecipeSettings {
  /** What an image is before the first step: uniform noise, or a procedural picture, which excites layers much as photographs do. */
  readonly start: 'noise' | 'procedural';
  readonly steps: number;
  /** Step of Adam on pictures in [-1, 1]. */
  readonly rate: number;
  /** Adam's decay of the mean gradient. */
  readonly decay: number;
  /** Labels: drawn from a Dirichlet distribution around the class, or the class alone. */
  readonly labels: 'dirichlet' | 'one-class';
  /** Of the softmax in the cross-entropy. */
  readonly temperature: number;
  /** Weight of the match with the batch-norm statistics; 0: not asked for. */
  readonly statistics: number;
  /** Weight of the likeness of features within a batch. */
  readonly diversity: number;
  readonly totalVariation: number;
  readonly l2: number;
  /** Each step sees the batch rolled by up to so many pixels. */
  readonly jitter: number;
  /** Each step sees the batch mirrored half the time (colour pictures only: digits have a right side). */
  readonly mirror: boolean;
  /** Pictures are kept in range at every step, not only at the end. */
  readonly clipEachStep: boolean;
  /** Images that are made together. Where the loss knows no batch this only bounds memory. */
  readonly batch: number;
}

interface Recipe {
  /** Needs layers that kept batch-norm statistics. */
  readonly needsStatistics: boolean;
  readonly settings: RecipeSettings;
}

/** How far an image can travel with the paper's 2499 steps of 1e-3. */
const PAPER_TRAVEL = 2.499;
/** A default within minutes; the paper's own number of steps is 2499. */
const IMPRESSION_STEPS = 100;

const impressions: RecipeSettings = {
  start: 'noise', steps: IMPRESSION_STEPS, rate: PAPER_TRAVEL / IMPRESSION_STEPS, decay: 0.9, labels: 'dirichlet', temperature: 20,
  statistics: 0, diversity: 0, totalVariation: 0, l2: 0, jitter: 0, mirror: false, clipEachStep: false, batch: 16,
};

const batchNorm: RecipeSettings = {
  start: 'noise', steps: 100, rate: 0.05, decay: 0.5, labels: 'one-class', temperature: 1,
  statistics: 10, diversity: 0, totalVariation: 1, l2: 0.01, jitter: 2, mirror: true, clipEachStep: true, batch: 64,
};

export const recipes = {
  impressions: { needsStatistics: false, settings: impressions },
  'batch-norm': { needsStatistics: true, settings: batchNorm },
  /** From procedural pictures, until the network is sure of one class: late layers then answer as strongly as to real images. */
  confident: { needsStatistics: false, settings: { ...batchNorm, start: 'procedural', steps: 20, rate: 0.03, statistics: 0, totalVariation: 10, l2: 0 } },
  /** Labels of impressions, batch-norm matching where the file has statistics, diversity; from procedural pictures, a little way. */
  mixed: { needsStatistics: false, settings: { ...batchNorm, start: 'procedural', steps: 40, rate: 0.01, labels: 'dirichlet', diversity: 1 } },
} as const satisfies Readonly<Record<string, Recipe>>;

export type OptimisedRecipe = keyof typeof recipes;
/** `procedural` draws from a seed and asks the network nothing: see `procedural-images.ts`. */
export type RecipeName = OptimisedRecipe | 'procedural';
export const recipeNames: readonly RecipeName[] = [...Object.keys(recipes) as OptimisedRecipe[], 'procedural'];

/** What a caller may change. */
export interface RecipeChanges { readonly steps?: number; readonly rate?: number }

/**
 * The settings of a recipe with the caller's steps. Data impressions with other steps and no rate
 * keep the way an image can travel, so that 2499 steps have the paper's rate of 1e-3.
 */
export function recipeSettings(name: OptimisedRecipe, changes: RecipeChanges = {}): RecipeSettings {
  const { settings } = recipes[name];
  const steps = changes.steps ?? settings.steps;
  const rate = changes.rate ?? (name === 'impressions' ? PAPER_TRAVEL / steps : settings.rate);
  return { ...settings, steps, rate };
}
