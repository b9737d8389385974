// Changes one's password, or sets the first.
import { useState, type FormEvent } from 'react';
import { Button, Group, PasswordInput, Stack } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { api, dataOf, type Session } from '../api/client';
import { asApiError } from '../api/problem';
import { sessionQuery, sessionsKey } from '../api/queries';
import { NewPassword, passwordProblem } from '../parts/NewPassword';
import { Refusal } from '../parts/Refusal';
import { say } from '../parts/say';
import { Section } from '../parts/Section';

export function ProfilePassword({ session }: { session: Session }) {
  const [current, setCurrent] = useState('');
  const [password, setPassword] = useState('');
  const [tried, setTried] = useState(false);
  const change = useChange(() => {
    setCurrent('');
    setPassword('');
    setTried(false);
  });
  const has = session.has_password;
  const refusal = asApiError(change.error);
  const aboutCurrent =
    tried && has && !current ? 'Enter your current password.' : refusal?.field('/current_password');
  const aboutNew = (tried ? passwordProblem(password) : undefined) ?? refusal?.field('/password');
  const aboutFields = Boolean(refusal?.isOnlyAbout(['/current_password', '/password']));

  const submit = (event?: FormEvent) => {
    event?.preventDefault();
    setTried(true);
    if ((has && !current) || passwordProblem(password) || change.isPending) return;
    change.mutate({ password, ...(has && { current_password: current }) });
  };
  return (
    <Section title={has ? 'Change password' : 'Set a password'}>
      <form onSubmit={submit} noValidate className="narrow-column">
        <Stack gap="md">
          <input
            hidden
            type="text"
            name="email"
            autoComplete="username"
            value={session.user.email}
            readOnly
          />
          {has && (
            <PasswordInput
              label="Current password"
              name="current-password"
              autoComplete="current-password"
              value={current}
              onChange={(event) => {
                setCurrent(event.currentTarget.value);
                change.reset();
              }}
              error={aboutCurrent}
              visibilityToggleButtonProps={{ 'aria-label': 'Show the current password' }}
              required
            />
          )}
          <NewPassword
            value={password}
            onChange={(value) => {
              setPassword(value);
              change.reset();
            }}
            error={aboutNew}
          />
          {change.isError && !aboutFields && (
            <Refusal title="The password was not changed" error={change.error} onRetry={submit} />
          )}
          <Group>
            <Button type="submit" loading={change.isPending}>
              {has ? 'Change password' : 'Set the password'}
            </Button>
            <span className="dim small">All of your other sessions end.</span>
          </Group>
        </Stack>
      </form>
    </Section>
  );
}

function useChange(onDone: () => void) {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: (body: { password: string; current_password?: string }) =>
      dataOf(api.PUT('/api/password', { body })),
    onSuccess: (session) => {
      cache.setQueryData(sessionQuery.queryKey, session);
      void cache.invalidateQueries({ queryKey: sessionsKey });
      say({ tone: 'good', title: 'Your password is set', text: 'All other sessions have ended.' });
      onDone();
    },
  });
}
