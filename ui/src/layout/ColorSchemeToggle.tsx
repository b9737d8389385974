import { ActionIcon, Tooltip, useMantineColorScheme, type MantineColorScheme as Scheme } from '@mantine/core';
import { Monitor, Moon, Sun, type LucideIcon } from 'lucide-react';

const schemes: Record<Scheme, { icon: LucideIcon; name: string; next: Scheme }> = {
  auto: { icon: Monitor, name: 'as the system', next: 'light' },
  light: { icon: Sun, name: 'light', next: 'dark' },
  dark: { icon: Moon, name: 'dark', next: 'auto' },
};

/** Goes round: as the system, light, dark. The choice is kept in this browser. */
export function ColorSchemeToggle() {
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const { icon: Icon, name, next } = schemes[colorScheme];
  const label = `Colours: ${name}. Switch to ${schemes[next].name}`;
  return (
    <Tooltip label={label}>
      <ActionIcon size="lg" aria-label={label} onClick={() => setColorScheme(next)}>
        <Icon size={18} aria-hidden />
      </ActionIcon>
    </Tooltip>
  );
}
