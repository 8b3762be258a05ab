/**
 * What an audit found about one subject by one attack, in the one form that every kind of audit can be
 * put into: a number between what guessing gives and what a perfect attack gives, with its interval.
 */

export type FindingKind = 'membership' | 'classes';

export interface FindingSubject {
  readonly name: string;
  readonly kind: 'ann' | 'spiking' | 'program';
  /** Of the file that was audited. */
  readonly sha256: string | null;
}

export interface Finding {
  readonly subject: FindingSubject;
  readonly kind: FindingKind;
  readonly attack: string;
  /** What `value` is, in words. */
  readonly measure: string;
  readonly value: number;
  readonly interval: readonly [low: number, high: number] | null;
  /** What an attack that knows nothing gets. */
  readonly floor: number;
  readonly ceiling: number;
  /** Whether the audit found more than guessing gives, at 95 % for all its attacks together. */
  readonly detected: boolean;
  /** Further figures of the same attack, as sentences. */
  readonly beside: readonly string[];
}
