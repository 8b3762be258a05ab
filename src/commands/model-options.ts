/** The options of `compile` and `fit` that say how a model is read and what is made of it. */
import { Option, type Command } from 'commander';
import { integer, numbers, positive } from './options.js';

export const targetOption = (): Option => new Option('--target <name|file>', 'the chip: a name from `spikeveil targets` or a target file').default('loihi2');
export const timestepsOption = (): Option => new Option('--timesteps <t>', 'time steps of one inference').argParser(integer(1, 4096)).default(32);
export const resetOption = (): Option => new Option('--reset <kind>', 'what a spike does to the potential (default: the first the target offers)').choices(['soft', 'hard', 'soft-two-compartment']);
export const codeOption = (): Option => new Option('--code <code>', 'how the image enters').choices(['bias', 'rate', 'poisson']).default('bias');

/** Adds the options that say how the model is read. */
export function addReadingOptions(command: Command): Command {
  return command
    .option('--output <name>', 'the output of the graph that holds the class scores, where there are several')
    .option('--approximate', 'put broken lines of rectifiers in the place of Sigmoid, Tanh, HardSwish and the like')
    .addOption(new Option('--card <file>', 'a model.json with layout and normalisation (default: the one beside the model)').conflicts(['layout', 'scale', 'mean', 'std']))
    .addOption(new Option('--layout <axes>', 'axis order of the input').choices(['NCHW', 'NHWC']))
    .addOption(new Option('--scale <s>', 'x = (byte / s - mean) / std; 255 unless told otherwise').argParser(positive))
    .addOption(new Option('--mean <m>', 'one number a channel, with commas between').argParser(numbers))
    .addOption(new Option('--std <s>', 'one number a channel, with commas between').argParser(numbers));
}
