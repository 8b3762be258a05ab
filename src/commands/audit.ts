/** `spikeveil audit`: measures what a network gives away about the images that it learned. */
import { Command } from 'commander';
import { classesCommand } from './audit-classes.js';
import { membershipCommand } from './audit-membership.js';
import { programCommand } from './audit-program.js';
import { sparsityCommand } from './audit-sparsity.js';

export const auditCommand = (): Command => new Command('audit')
  .description('Measure what a network gives away: attacks with intervals, no promises.')
  .addCommand(programCommand(), { isDefault: true })
  .addCommand(membershipCommand())
  .addCommand(classesCommand())
  .addCommand(sparsityCommand());
