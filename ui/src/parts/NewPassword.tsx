import { PasswordInput } from '@mantine/core';

const least = 10;
const most = 200;

/** What can be said of a new password without the server. */
export function passwordProblem(password: string): string | undefined {
  const characters = [...password.normalize('NFC')].length;
  if (characters < least) return `It needs ${least} characters at least.`;
  if (characters > most) return `It may have ${most} characters at most.`;
  return undefined;
}

interface NewPasswordProps {
  value: string;
  onChange: (value: string) => void;
  error: string | undefined;
}

/** One field that can be shown, instead of two that have to agree. */
export function NewPassword({ value, onChange, error }: NewPasswordProps) {
  return (
    <PasswordInput
      label="New password"
      description="10 characters at least: a few words are easier to keep than signs. Not your email, nor your name."
      name="new-password"
      autoComplete="new-password"
      value={value}
      onChange={(event) => onChange(event.currentTarget.value)}
      error={error}
      visibilityToggleButtonProps={{ 'aria-label': 'Show the new password' }}
      required
    />
  );
}
