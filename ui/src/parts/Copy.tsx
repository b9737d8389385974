import { useRef, useState } from 'react';
import { ActionIcon } from '@mantine/core';
import { Check, Copy as CopyIcon } from 'lucide-react';

/** A text to be copied, with a button for it; `what` is what the button names: "your user id". */
export function Copy({ text, what }: { text: string; what: string }) {
  const shown = useRef<HTMLElement>(null);
  const [state, setState] = useState<'idle' | 'copied' | 'selected'>('idle');

  // Without https a page may not write to the clipboard: then the text is selected, and the person copies it.
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      setState('copied');
    } catch {
      if (shown.current) window.getSelection()?.selectAllChildren(shown.current);
      setState('selected');
    }
  };
  return (
    <span className="copy">
      <code ref={shown}>{text}</code>
      <ActionIcon size="sm" aria-label={`Copy ${what}`} onClick={copy} onBlur={() => setState('idle')}>
        {state === 'copied' ? <Check size={14} aria-hidden /> : <CopyIcon size={14} aria-hidden />}
      </ActionIcon>
      <span role="status" className="dim small">
        {state === 'copied' ? 'Copied' : state === 'selected' ? 'Selected: press Ctrl+C' : ''}
      </span>
    </span>
  );
}
