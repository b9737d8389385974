import type { ReactNode } from 'react';
import { Check, Clock3, X, type LucideIcon } from 'lucide-react';
import type { DeliveryState } from '../api/client';

export type Tone = 'good' | 'bad' | 'wait' | 'calm';

export function Tag({ tone, children }: { tone: Tone; children: ReactNode }) {
  return (
    <span className="tag" data-tone={tone}>
      {children}
    </span>
  );
}

const states: Record<DeliveryState, { tone: Tone; icon: LucideIcon; text: string }> = {
  pending: { tone: 'wait', icon: Clock3, text: 'Pending' },
  delivered: { tone: 'good', icon: Check, text: 'Delivered' },
  failed: { tone: 'bad', icon: X, text: 'Failed' },
};

/** State by word, sign and colour, never by colour alone. */
export function StateTag({ state }: { state: DeliveryState }) {
  const { tone, icon: Icon, text } = states[state];
  return (
    <Tag tone={tone}>
      <Icon size={12} strokeWidth={3} aria-hidden />
      {text}
    </Tag>
  );
}
