/**
 * Reads an architecture file: JSON, then the schema, then what a schema cannot say (that every layer
 * fits on the map before it). All problems are reported at once, each with its JSON pointer.
 */
import { Ajv, type ErrorObject } from 'ajv';
import { Reporter, fail } from '../diagnostics.js';
import { ArchitectureSchema, type Architecture, type ArchitectureLayer } from './architecture-schema.js';

/** Layers that are known and refused, with the reason. */
const NORMALISATIONS: readonly string[] = ['batch-norm', 'group-norm', 'layer-norm', 'instance-norm'];

/** Parses and checks the text of an architecture file; `path` is only named in messages. Throws `learn/architecture-...` and `learn/normalisation-layer`. */
export function readArchitecture(text: string, path: string): Architecture {
  const report = new Reporter();
  const value = parse(text, path);
  const layers = layersOf(value);
  layers.forEach((layer, i) => {
    if (NORMALISATIONS.includes(layer.kind)) report.report('learn/normalisation-layer', { kind: 'file', path, pointer: `/layers/${i}` }, { kind: layer.kind });
  });
  const errors = valid(value) ? [] : valid.errors ?? [];
  const refused = new Set(layers.flatMap((l, i) => (NORMALISATIONS.includes(l.kind) ? [`/layers/${i}`] : [])));
  for (const [pointer, problem] of problemsOf(errors, layers)) {
    if (!refused.has(pointer.split('/').slice(0, 3).join('/'))) report.report('learn/architecture-wrong', { kind: 'file', path, ...(pointer === '' ? {} : { pointer }) }, { problem });
  }
  report.finish();
  const architecture = value as Architecture;
  for (const [pointer, problem] of misfits(architecture)) report.report('learn/architecture-wrong', { kind: 'file', path, pointer }, { problem });
  report.finish();
  return architecture;
}

const valid = new Ajv({ allErrors: true, strict: false }).compile<Architecture>(ArchitectureSchema);

function parse(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    return fail('learn/architecture-unreadable', { kind: 'file', path }, { reason: error instanceof Error ? error.message : String(error) });
  }
}

function layersOf(value: unknown): readonly { readonly kind: string }[] {
  const layers = typeof value === 'object' && value !== null && 'layers' in value ? value.layers : undefined;
  return Array.isArray(layers) ? layers.map((l: unknown) => ({ kind: typeof l === 'object' && l !== null && 'kind' in l ? String(l.kind) : '' })) : [];
}

/** A layer fails every branch of the union: only the branch of its own kind is worth telling. */
function problemsOf(errors: readonly ErrorObject[], layers: readonly { readonly kind: string }[]): (readonly [pointer: string, problem: string])[] {
  const KINDS = ['conv', 'pool', 'fc'];
  const found = errors.flatMap((e): (readonly [string, string])[] => {
    const layer = /^\/layers\/(\d+)/.exec(e.instancePath);
    if (layer === null) return [[e.instancePath, wordsOf(e)]];
    const at = KINDS.indexOf(layers[Number(layer[1])].kind);
    if (at < 0) return [[layer[0], `a layer's kind is ${KINDS.join(', ')}`]];
    return e.schemaPath.includes(`/anyOf/${at}/`) ? [[e.instancePath, wordsOf(e)]] : [];
  });
  return [...new Map(found.map((f) => [f.join(' '), f])).values()];
}

function wordsOf({ keyword, params, message = 'is wrong' }: ErrorObject): string {
  if (keyword === 'additionalProperties') return `there is no key "${String(params['additionalProperty'])}"`;
  if (keyword === 'const') return `must be ${JSON.stringify(params['allowedValue'])}`;
  return message;
}

/** The map behind each layer, as far as it goes; a text where a layer does not fit. */
export function mapsOf({ image, layers }: Pick<Architecture, 'image' | 'layers'>): readonly (readonly [number, number, number] | string)[] {
  const maps: (readonly [number, number, number] | string)[] = [];
  let map: readonly [number, number, number] = image;
  for (const layer of layers) {
    const next = mapAfter(layer, map);
    maps.push(next);
    if (typeof next === 'string') break;
    map = next;
  }
  return maps;
}

function mapAfter(layer: ArchitectureLayer, [channels, rows, columns]: readonly [number, number, number]): readonly [number, number, number] | string {
  switch (layer.kind) {
    case 'conv': {
      const { kernel, stride = 1, pad = 0, groups = 1 } = layer;
      const along = (n: number): number => Math.floor((n + 2 * pad - kernel) / stride) + 1;
      if (channels % groups !== 0 || layer.channels % groups !== 0) return `${groups} groups do not divide ${channels} and ${layer.channels} channels`;
      return along(rows) >= 1 && along(columns) >= 1 ? [layer.channels, along(rows), along(columns)] : `a filter of ${kernel} x ${kernel} does not fit on a map of ${rows} x ${columns}`;
    }
    case 'pool': return rows % layer.size === 0 && columns % layer.size === 0 ? [channels, rows / layer.size, columns / layer.size] : `cells of ${layer.size} do not divide a map of ${rows} x ${columns}`;
    case 'fc': return [layer.units, 1, 1];
  }
}

function* misfits(architecture: Architecture): Generator<readonly [pointer: string, problem: string]> {
  const { layers, neuron, normalisation: { mean, std }, image, code } = architecture;
  const maps = mapsOf(architecture);
  const last = maps[maps.length - 1];
  if (typeof last === 'string') yield [`/layers/${maps.length - 1}`, last];
  if (code !== 'direct' && layers[0].kind === 'conv' && (layers[0].groups ?? 1) > 1) yield ['/layers/0/groups', `with code ${code} the first layer has no groups: it reads both signs of every channel`];
  if (layers[layers.length - 1].kind !== 'fc') yield [`/layers/${layers.length - 1}`, 'the last layer is an fc: its outputs are the class scores'];
  if (layers.filter((l) => l.kind !== 'pool').length < 2) yield ['/layers', 'at least one layer of spiking neurons stands before the last'];
  for (let i = 1; i < layers.length; i++) if (layers[i].kind === 'pool' && layers[i - 1].kind === 'pool') yield [`/layers/${i}`, 'two pools in a row are one with larger cells'];
  if ((neuron.model === 'lif') !== (neuron.leak !== undefined)) yield ['/neuron/leak', neuron.model === 'lif' ? 'a lif neuron needs a leak' : 'an if neuron has no leak'];
  if (mean.length !== image[0] || std.length !== image[0]) yield ['/normalisation', `an image of ${image[0]} channels needs as many means and deviations`];
}
