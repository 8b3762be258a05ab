// Reference values: dp_vectors.json as it was handed over (its `meta` names the programs that computed them), tail-values.json
// from make-tail-values.py.
import { readFileSync } from 'node:fs';

export interface RunVector {
  readonly name: string; readonly q: number; readonly sigma: number; readonly steps: number; readonly delta: number;
  readonly eps_rdp_classic: number; readonly eps_rdp_classic_order: number;
  readonly eps_rdp_improved: number; readonly eps_rdp_improved_order: number;
  /** Pessimistic, by another program on a finer grid. */
  readonly eps_pld: number;
  readonly detail: { readonly analytic_gauss: number | null; readonly gdp_clt_NOT_A_BOUND: number | null };
}

interface Vectors {
  readonly vectors: readonly RunVector[];
  readonly inverse: readonly { readonly q: number; readonly steps: number; readonly delta: number; readonly target: number; readonly sigma_tight: number }[];
  readonly rdp_primitives: readonly { readonly q: number; readonly sigma: number; readonly alpha: number; readonly log_A: string; readonly rdp: string }[];
  readonly heterogeneous: { readonly mechs: readonly (readonly [number, number, number])[]; readonly delta: number; readonly eps_improved: number; readonly order: number };
  /** LiRA of tensorflow/privacy, RMIA of ML Privacy Meter. */
  readonly mia: {
    readonly ins: readonly (readonly number[])[]; readonly outs: readonly (readonly number[])[]; readonly obs: readonly number[];
    readonly online: readonly number[]; readonly online_fixvar_refcode: readonly number[]; readonly offline_ref: readonly number[]; readonly offline_cdf: readonly number[];
    readonly rmia: {
      readonly signals: readonly (readonly number[])[]; readonly population: readonly (readonly number[])[]; readonly memberships: readonly (readonly number[])[];
      readonly target: number; readonly num_reference_models: number; readonly scores: Readonly<Record<string, readonly number[]>>;
    };
  };
  readonly audit_bounds: readonly (Readonly<Record<string, number>> & { readonly kind: string })[];
}

interface TailValues {
  readonly tails: readonly { readonly x: number; readonly erfc: string; readonly logErfc: string; readonly logCdf: string }[];
  readonly quantiles: readonly { readonly p: number; readonly x: string }[];
  readonly logGamma: readonly { readonly x: number; readonly value: string }[];
  readonly incompleteBeta: readonly { readonly x: number; readonly a: number; readonly b: number; readonly value: string }[];
  readonly moments: readonly { readonly rate: number; readonly noise: number; readonly order: number; readonly logMoment: string }[];
  readonly oneStep: readonly { readonly rate: number; readonly noise: number; readonly delta: number; readonly epsilon: string }[];
}

const read = <T>(name: string): T => JSON.parse(readFileSync(new URL(`data/${name}`, import.meta.url), 'utf8')) as T;
export const vectors = read<Vectors>('dp_vectors.json');
export const tailValues = read<TailValues>('tail-values.json');

/** |found / wanted - 1|, or |found - wanted| if 0 is wanted. */
export const relativeError = (found: number, wanted: number): number => (found === wanted ? 0 : Math.abs(wanted === 0 ? found : found / wanted - 1));
