// Makes models/samples/: 1000 test images of each data set, 100 a class, spread evenly over the file
// and kept in its order. The same files always give the same bytes: nothing is drawn at random.
//   node scripts/sample-data.mjs DATA
// DATA holds cifar10/test_batch.bin.gz and, under mnist/ and fashion-mnist/, t10k-images-idx3-ubyte.gz
// and t10k-labels-idx1-ubyte.gz.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { gunzipSync, gzipSync } from 'node:zlib';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const CLASSES = 10;
const PER_CLASS = 100;
const output = fileURLToPath(new URL('../models/samples/', import.meta.url));

/** Indices of PER_CLASS items of every class, evenly spaced among the items of that class, in file order. */
function stratify(labels) {
  const picked = [];
  for (let wanted = 0; wanted < CLASSES; wanted++) {
    const members = [];
    labels.forEach((label, index) => { if (label === wanted) members.push(index); });
    if (members.length < PER_CLASS) throw new Error(`class ${wanted} has ${members.length} images; ${PER_CLASS} are needed`);
    for (let i = 0; i < PER_CLASS; i++) picked.push(members[Math.floor((i * members.length) / PER_CLASS)]);
  }
  return picked.sort((a, b) => a - b);
}

/** gzip without a time stamp and with the operating system "unknown", so that the header is always the same. */
function pack(bytes) {
  const packed = gzipSync(bytes, { level: 9 });
  packed.fill(0, 4, 8);
  packed[9] = 255;
  return packed;
}

/** The picked records of `size` bytes, one after another. */
const gather = (bytes, size, picked) => Buffer.concat(picked.map((i) => bytes.subarray(i * size, (i + 1) * size)));

function write(name, bytes) {
  mkdirSync(output, { recursive: true });
  writeFileSync(join(output, name), pack(bytes));
  console.log(`models/samples/${name}`);
}

function sampleCifar(folder) {
  const bytes = gunzipSync(readFileSync(join(folder, 'test_batch.bin.gz')));
  const labels = Array.from({ length: bytes.length / 3073 }, (_, i) => bytes[i * 3073]);
  write('cifar10-1000.bin.gz', gather(bytes, 3073, stratify(labels)));
}

function sampleIdx(folder, name) {
  const images = gunzipSync(readFileSync(join(folder, 't10k-images-idx3-ubyte.gz')));
  const labels = gunzipSync(readFileSync(join(folder, 't10k-labels-idx1-ubyte.gz')));
  const picked = stratify([...labels.subarray(8)]);
  const header = (source, length) => {
    const copy = Buffer.from(source.subarray(0, length));
    copy.writeUInt32BE(picked.length, 4);
    return copy;
  };
  const size = images.readUInt32BE(8) * images.readUInt32BE(12);
  write(`${name}-1000-images-idx3-ubyte.gz`, Buffer.concat([header(images, 16), gather(images.subarray(16), size, picked)]));
  write(`${name}-1000-labels-idx1-ubyte.gz`, Buffer.concat([header(labels, 8), gather(labels.subarray(8), 1, picked)]));
}

const [data] = process.argv.slice(2);
if (data === undefined) {
  console.error('usage: node scripts/sample-data.mjs DATA');
  process.exit(2);
}
sampleCifar(join(data, 'cifar10'));
sampleIdx(join(data, 'mnist'), 'mnist');
sampleIdx(join(data, 'fashion-mnist'), 'fashion-mnist');
