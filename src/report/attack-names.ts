/** The attacks of a membership audit as people read them, in at most 24 characters. */
import type { AttackId } from '../audit/membership/attacks.js';

const NAMES: Readonly<Record<AttackId, string>> = {
  loss: 'loss', confidence: 'confidence', entropy: 'entropy', 'modified-entropy': 'modified entropy',
  'loss-per-class': 'loss, per class', 'confidence-per-class': 'confidence, per class', 'entropy-per-class': 'entropy, per class', 'modified-entropy-per-class': 'mod. entropy, per class',
  'lira-online': 'LiRA online', 'lira-online-fixed': 'LiRA online, fixed', 'lira-offline': 'LiRA offline', 'lira-offline-fixed': 'LiRA offline, fixed', 'lira-offline-two-sided': 'LiRA offline, two-sided',
  rmia: 'RMIA',
};

export const attackName = (id: string): string => (id in NAMES ? NAMES[id as AttackId] : id);
