/**
 * Checks of a target that no JSON schema can say: numbers that must fit one another, lists that must
 * ascend, names that must differ, blocks that must stand together, cores off the map, unpublished
 * constants that must say so.
 */
import { COMPILE_BLOCKS } from './compile-blocks.js';
import type { Chip, Profile, Target } from './schema.js';

/** One rule: where it looks, whether it holds, what to say. */
interface Rule {
  readonly pointer: string;
  readonly holds: boolean;
  readonly problem: string;
  readonly fix: string;
}

/** Contradictions among the blocks of a target whose keys and types are right. `present`: the keys of the file, with those that are wrong. */
export function contradictions(sound: Partial<Chip>, present: ReadonlySet<string>): readonly Omit<Rule, 'holds'>[] {
  const { numbers, board, mesh, core, capabilities, profiles = [], compile, figures = [], provenance } = sound;
  const rules = [
    ...(numbers === undefined ? [] : numberRules(numbers)),
    ...(board === undefined ? [] : boardRules(board)),
    ...(mesh === undefined ? [] : meshRules(mesh, sound.coresPerChip, compile?.supported === true)),
    ...(capabilities === undefined ? [] : capabilityRules(capabilities)),
    ...(compile === undefined ? [] : compileRules(compile, sound, present)),
    ...profiles.flatMap((p, i) => profileRules(p, i, profiles)),
    ...silent('/figures', figures.map((f, i) => [String(i), f.name, f] as const)),
    ...(provenance === undefined ? [] : provenanceRules(provenance, sound, present)),
    kindRule({ core, crossbar: sound.crossbar, layerCores: sound.layerCores, network: sound.network }),
  ];
  return rules.filter((rule) => !rule.holds);
}

function numberRules(n: Target['numbers']): Rule[] {
  const stepLog = Math.log2(n.weightStep);
  const limit = 2 ** (n.stateBits - 1) - 1;
  return [
    { pointer: '/numbers/shiftMin', holds: n.shiftMin <= n.shiftMax, problem: `shiftMin ${n.shiftMin} is above shiftMax ${n.shiftMax}`, fix: 'swap them' },
    { pointer: '/numbers/weightStep', holds: Number.isInteger(stepLog), problem: `weightStep ${n.weightStep} is not a power of two`, fix: 'write 1, 2, 4, ...' },
    { pointer: '/numbers/shiftMax', holds: stepLog + n.shiftMax <= 16, problem: `log2(weightStep) + shiftMax is ${stepLog + n.shiftMax}, above 16`, fix: 'lower shiftMax: a 16-bit sum of weights must fit 32 bits after the shift' },
    { pointer: '/numbers/accumulatorMax', holds: n.accumulatorMax >= n.weightMax * n.weightStep, problem: `accumulatorMax ${n.accumulatorMax} does not hold a single weight of ${n.weightMax * n.weightStep}`, fix: 'raise accumulatorMax or lower weightMax' },
    { pointer: '/numbers/accumulatorShift', holds: n.accumulatorShift === null || (n.accumulatorShift <= n.shiftMax && n.accumulatorShift - n.shiftMin <= stepLog), problem: `accumulatorShift ${n.accumulatorShift} does not go with shifts ${n.shiftMin} to ${n.shiftMax} and weightStep ${n.weightStep}`, fix: 'it is at most shiftMax, and at most log2(weightStep) above shiftMin, so that no bit of a mantissa is lost' },
    { pointer: '/numbers/thresholdBits', holds: n.thresholdBits + n.thresholdShift < n.stateBits, problem: `a threshold of ${n.thresholdBits} bits << ${n.thresholdShift} does not fit a potential of ${n.stateBits} bits`, fix: 'thresholdBits + thresholdShift must be below stateBits' },
    { pointer: '/numbers/biasMantissaMax', holds: n.biasMantissaMax * 2 ** n.biasExponentMax <= limit, problem: `the largest bias ${n.biasMantissaMax} << ${n.biasExponentMax} does not fit a potential of ${n.stateBits} bits`, fix: 'lower biasMantissaMax or biasExponentMax' },
  ];
}

function boardRules(board: Target['board']): Rule[] {
  return [
    { pointer: '/board/columns', holds: board.chips === null || board.columns <= board.chips, problem: `${board.columns} columns for ${board.chips} chips`, fix: 'a board has at most as many columns as chips' },
  ];
}

/** Every core that is named lies on the map, once, and the cores add up. */
function meshRules(mesh: Target['mesh'], stated: number | null | undefined, compiles: boolean): Rule[] {
  const { width, height, coresPerRouter, missing = [] } = mesh;
  const places = width * height * coresPerRouter - missing.reduce((sum, m) => sum + m.cores, 0);
  return [
    ...missing.flatMap(({ x, y, cores }, i): Rule[] => [
      { pointer: `/mesh/missing/${i}`, holds: x < width && y < height, problem: `router (${x}, ${y}) is off the map of ${width} x ${height} routers`, fix: `columns are 0 to ${width - 1}, rows 0 to ${height - 1}` },
      { pointer: `/mesh/missing/${i}/cores`, holds: cores <= coresPerRouter, problem: `${cores} cores are missing at a router of ${coresPerRouter}`, fix: 'no more cores can be missing than a router has' },
      { pointer: `/mesh/missing/${i}`, holds: missing.findIndex((m) => m.x === x && m.y === y) === i, problem: `router (${x}, ${y}) is named twice`, fix: 'write one entry a router' },
    ]),
    { pointer: '/coresPerChip', holds: typeof stated !== 'number' || (compiles ? stated === places : stated <= places), problem: `${stated} cores a chip, but the mesh has places for ${places}`, fix: compiles ? 'leave coresPerChip out, or name the routers with fewer cores in mesh.missing' : 'a mesh has at least as many places as cores' },
  ];
}

function capabilityRules(capabilities: Target['capabilities']): Rule[] {
  return [
    { pointer: '/capabilities/signedSpikes', holds: capabilities.signedSpikes !== true || capabilities.resets.includes('soft'), problem: 'signedSpikes without a soft reset', fix: 'add "soft" to resets, or set signedSpikes to false' },
  ];
}

function compileRules({ supported, reasons }: Chip['compile'], sound: Partial<Chip>, present: ReadonlySet<string>): Rule[] {
  const blocks = supported ? COMPILE_BLOCKS.filter((block) => !present.has(block)) : [];
  return [
    { pointer: '/compile/reasons', holds: supported ? reasons.length === 0 : reasons.length > 0, problem: supported ? 'compile is supported, and reasons say why not' : 'compile is not supported, and no reason says why', fix: supported ? 'empty the list, or set supported to false' : 'write a sentence for each thing that stands in the way' },
    { pointer: '/', holds: blocks.length === 0, problem: `compile is supported, but ${blocks.join(', ')} ${blocks.length === 1 ? 'is' : 'are'} missing`, fix: 'add them, or set compile.supported to false with its reasons' },
    { pointer: '/profiles', holds: !supported || sound.profiles === undefined || sound.profiles.length > 0, problem: 'compile is supported, but there is no profile of energy and latency', fix: 'add one; constants that nobody publishes are null with a note' },
    { pointer: '/capabilities/resets', holds: !supported || sound.capabilities === undefined || sound.capabilities.resets.length > 0, problem: 'compile is supported, but no reset is', fix: 'name at least one' },
  ];
}

/** A chip has cores of one kind. */
function kindRule(kinds: Readonly<Record<string, unknown>>): Rule {
  const [first, ...more] = Object.entries(kinds).flatMap(([name, block]) => (block === undefined ? [] : [name]));
  return { pointer: `/${more[0] ?? ''}`, holds: more.length === 0, problem: `cores are described both by ${[first, ...more].join(' and by ')}`, fix: 'keep the one that says how the chip is filled' };
}

function profileRules(profile: Profile, index: number, all: readonly Profile[]): Rule[] {
  const at = `/profiles/${index}`;
  const { barrier, barrierSource: _source, ...latency } = profile.latency;
  const first = all.findIndex((p) => p.name === profile.name);
  const descending = barrier.findIndex((entry, i) => i > 0 && entry.tiles <= barrier[i - 1].tiles);
  const groups = { energy: profile.energy, latency, power: profile.power };
  return [
    { pointer: `${at}/name`, holds: first === index, problem: `profile ${index} has the name "${profile.name}" of profile ${first}`, fix: 'give each profile a name of its own' },
    { pointer: `${at}/latency/barrier/${descending}`, holds: descending < 0, problem: 'the barrier table does not ascend in tiles', fix: 'sort the entries by tiles and drop repeats' },
    ...Object.entries(groups).flatMap(([group, constants]) => silent(`${at}/${group}`, Object.entries(constants).map(([name, c]) => [name, name, c] as const))),
  ];
}

/** Constants without a value that do not say why. */
function silent(at: string, constants: readonly (readonly [key: string, name: string, constant: { readonly value: number | null; readonly note?: string }])[]): Rule[] {
  return constants.filter(([, , c]) => c.value === null && (c.note ?? '') === '')
    .map(([key, name]): Rule => ({ pointer: `${at}/${key}`, holds: false, problem: `${name} has no value and no note`, fix: 'add a note that says why, for example "never published; counted as 0"' }));
}

/** Every entry names a block or a key of one. */
function provenanceRules(provenance: Chip['provenance'], sound: Partial<Chip>, present: ReadonlySet<string>): Rule[] {
  return Object.keys(provenance).map((path): Rule => {
    const [block, ...keys] = path.split('.');
    const value = (sound as Readonly<Record<string, unknown>>)[block];
    const known = value === undefined ? present.has(block) : keys.reduce<unknown>((at, key) => (typeof at === 'object' && at !== null && Object.hasOwn(at, key) ? (at as Readonly<Record<string, unknown>>)[key] : undefined), value) !== undefined;
    return { pointer: '/provenance', holds: known, problem: `provenance names "${path}", which this file does not have`, fix: 'name a block, such as "core", or a key of one, such as "core.neurons"' };
  });
}
