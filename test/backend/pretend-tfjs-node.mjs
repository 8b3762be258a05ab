// For `node --import`: what `@tensorflow/tfjs-node` stands for in that process, by the query. `absent`: it
// is not installed, whatever lies on this machine; otherwise the file `tfjs-node-NAME.mjs` beside this one.
import { register } from 'node:module';

const name = new URL(import.meta.url).search.slice(1);
const url = new URL(`./tfjs-node-${name}.mjs`, import.meta.url).href;
const hook = `export const resolve = (specifier, context, next) => {
  if (specifier !== '@tensorflow/tfjs-node') return next(specifier, context);
  return ${name === 'absent' ? `next(specifier, { ...context, parentURL: 'file:///no-such-folder/file.js' })` : `{ url: ${JSON.stringify(url)}, shortCircuit: true }`};
};`;
register(`data:text/javascript,${encodeURIComponent(hook)}`);
