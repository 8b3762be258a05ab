/**
 * One segment of a synapse list as bits. It stands in blocks of at most `blockSynapses` synapses; each
 * block begins on a word with its header (the number of synapses less one in the low bits, the format's
 * place in the core's table above them) and holds the synapses one behind the other, each as weight
 * (two's complement), delay, and in sparse segments the channel counted from the segment's first.
 * Dense segments hold every channel in order; sparse ones those whose weight is not zero.
 */
import type { Target } from '../target/schema.js';
import { putBits, takeBits } from './bits.js';
import type { SynapseEntry } from './synapse-table.js';

/** All that says how the segments of one projection look in one core. */
export interface SegmentCode {
  readonly memory: Target['memory'];
  readonly entry: Pick<SynapseEntry, 'sparse' | 'weightBits' | 'indexBits' | 'delayBits'>;
  /** Place of the entry in the core's table, from 1. */
  readonly place: number;
  /** Time steps that every synapse waits. */
  readonly delay: number;
}

const synapseBits = ({ entry: { weightBits, delayBits, indexBits } }: SegmentCode): number => weightBits + delayBits + indexBits;

/** Bytes of a block of `count` synapses: whole words, begun on a byte. */
function blockBytes(count: number, code: SegmentCode): number {
  const { wordBits, blockOverheadBits } = code.memory;
  return Math.ceil(Math.ceil((count * synapseBits(code) + blockOverheadBits) / wordBits) * wordBits / 8);
}

/** Bytes of a segment that stores `stored` synapses. */
export function segmentBytes(stored: number, code: SegmentCode): number {
  const { blockSynapses } = code.memory;
  const full = Math.floor(stored / blockSynapses);
  const rest = stored - full * blockSynapses;
  return (full === 0 ? 0 : full * blockBytes(blockSynapses, code)) + (rest === 0 ? 0 : blockBytes(rest, code));
}

/** Synapses that a segment of these weights stores. */
export function storedSynapses(weights: Int8Array, { entry }: SegmentCode): number {
  if (!entry.sparse) return weights.length;
  let stored = 0;
  for (let i = 0; i < weights.length; i++) if (weights[i] !== 0) stored++;
  return stored;
}

/** Bits of a header that count synapses; the others name the format. */
const countBits = ({ memory: { blockSynapses, blockOverheadBits } }: SegmentCode): number => Math.min(16, blockOverheadBits, Math.ceil(Math.log2(blockSynapses)));

/** Writes the segment of `weights`, one a channel, at byte `at` of `out`; returns the byte behind it. */
export function writeSegment(out: Uint8Array, at: number, weights: Int8Array, code: SegmentCode): number {
  const { entry: { sparse, weightBits, delayBits, indexBits }, memory: { blockSynapses, blockOverheadBits }, place, delay } = code;
  const counted = countBits(code);
  const bytewise = weightBits === 8 && !sparse && delayBits === 0; // what most layers have, without a call
  let left = storedSynapses(weights, code);
  let inBlock = 0;
  let bit = 0;
  let end = at;
  for (let channel = 0; channel < weights.length; channel++) {
    const weight = weights[channel];
    if (sparse && weight === 0) continue;
    if (inBlock === 0) {
      inBlock = Math.min(blockSynapses, left);
      left -= inBlock;
      putBits(out, end * 8, inBlock - 1, counted);
      putBits(out, end * 8 + counted, place, Math.min(16, blockOverheadBits - counted));
      bit = end * 8 + blockOverheadBits;
      end += blockBytes(inBlock, code);
    }
    if (bytewise) {
      const first = bit >>> 3;
      const placed = (weight & 255) << (bit & 7);
      out[first] |= placed;
      if (placed > 255) out[first + 1] = placed >>> 8;
    } else putBits(out, bit, weight, weightBits);
    if (delayBits > 0) putBits(out, bit + weightBits, delay, delayBits);
    if (sparse) putBits(out, bit + weightBits + delayBits, channel, indexBits);
    bit += weightBits + delayBits + indexBits;
    inBlock--;
  }
  return end;
}

/** Fills `weights` from the segment `bytes`. Nothing is trusted: what does not belong is left out, and shows when it is packed again. */
export function readSegment(bytes: Uint8Array, weights: Int8Array, code: SegmentCode): void {
  const { entry: { sparse, weightBits, delayBits, indexBits }, memory: { blockSynapses, blockOverheadBits } } = code;
  const width = synapseBits(code);
  const bytewise = weightBits === 8 && !sparse && delayBits === 0;
  const fullBytes = Math.max(1, blockBytes(Math.min(blockSynapses, weights.length), code));
  const unused = 32 - weightBits;
  weights.fill(0);
  let channel = 0;
  for (let at = 0; at < bytes.length; at += fullBytes) {
    const end = Math.min(bytes.length, at + fullBytes) * 8;
    let bit = at * 8 + blockOverheadBits;
    if (bytewise && (bit & 7) !== 0) {
      const stop = Math.min(weights.length, channel + blockSynapses, channel + Math.floor((end - bit) / 8));
      const [low, high] = [bit & 7, 8 - (bit & 7)];
      for (let byte = bit >>> 3; channel < stop; byte++, channel++) weights[channel] = (bytes[byte] >>> low) | (bytes[byte + 1] << high);
      continue;
    }
    for (let i = 0; i < blockSynapses && channel < weights.length && bit + width <= end; i++, bit += width, channel++) {
      const weight = weightBits === 0 ? 0 : (takeBits(bytes, bit, weightBits) << unused) >> unused;
      if (!sparse) weights[channel] = weight;
      else if (weight === 0) break;
      else weights[takeBits(bytes, bit + weightBits + delayBits, indexBits)] = weight;
    }
  }
}
