// Signing in: with email and password, or with the token of a one-time link.
import { useEffect, useRef, useState, type FormEvent } from 'react';
import { Anchor, Button, Group, Loader, PasswordInput, Stack, Text, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { Link, useLocation, useNavigate } from 'react-router-dom';
import { api, dataOf } from '../api/client';
import { asApiError, sentence } from '../api/problem';
import { sessionQuery } from '../api/queries';
import { Alone, AloneTitle } from '../layout/Alone';
import { useSecretOfLink } from '../parts/links';
import { Refusal } from '../parts/Refusal';
import { ErrorNotice } from '../parts/states';

export function SignIn() {
  const link = useSignInByLink();
  const refused = asApiError(link.error)?.status;
  const passes = refused === 0 || refused === 503;
  return (
    <Alone title="Sign in">
      {link.busy ? (
        <div role="status">
          <Loader type="dots" aria-hidden /> Signing in…
        </div>
      ) : passes ? (
        <ErrorNotice title="Not signed in" error={link.error} onRetry={link.retry} />
      ) : (
        <>
          <Why error={link.error} />
          <PasswordForm />
          <OtherWays />
        </>
      )}
    </Alone>
  );
}

function Why({ error }: { error: unknown }) {
  const { state } = useLocation();
  const why: unknown = state?.why;
  const [title, text] = error
    ? ['This link does not work', `${sentence(error)} A link works once, and only for a while.`]
    : why === 'signed-out'
      ? ['You are signed out', null]
      : why === 'everywhere'
        ? ['You are signed out everywhere', null]
        : why === 'password-set'
          ? ['Your password is set', 'Sign in with it.']
          : why === 'ended'
            ? ['Sign in', 'You are not signed in, or your session has ended.']
            : ['Sign in', null];
  return (
    <>
      <AloneTitle>{title}</AloneTitle>
      {text && <Text mb="md">{text}</Text>}
    </>
  );
}

function PasswordForm() {
  const { state } = useLocation();
  const [email, setEmail] = useState<string>(typeof state?.email === 'string' ? state.email : '');
  const [password, setPassword] = useState('');
  const [missing, setMissing] = useState(false);
  const signIn = useSignIn();

  const submit = (event?: FormEvent) => {
    event?.preventDefault();
    const complete = Boolean(email.trim() && password);
    setMissing(!complete);
    if (complete && !signIn.isPending) signIn.mutate({ email: email.trim(), password });
  };
  return (
    <form onSubmit={submit} noValidate>
      <Stack gap="sm" mt="md">
        <TextInput
          label="Email"
          type="email"
          name="email"
          autoComplete="username"
          value={email}
          onChange={(event) => setEmail(event.currentTarget.value)}
          error={missing && !email.trim() ? 'Enter your email address.' : undefined}
          required
        />
        <PasswordInput
          label="Password"
          name="password"
          autoComplete="current-password"
          value={password}
          onChange={(event) => setPassword(event.currentTarget.value)}
          error={missing && !password ? 'Enter your password.' : undefined}
          visibilityToggleButtonProps={{ 'aria-label': 'Show the password' }}
          required
        />
        {signIn.isError && <Refusal title="Not signed in" error={signIn.error} onRetry={submit} />}
        <Group justify="space-between">
          <Button type="submit" loading={signIn.isPending}>
            Sign in
          </Button>
          <Anchor component={Link} to="/forgot-password" state={{ email }} size="sm">
            Forgot password?
          </Anchor>
        </Group>
      </Stack>
    </form>
  );
}

function OtherWays() {
  return (
    <>
      <Text size="sm" mt="xl" mb={6} c="dimmed">
        Without a password, by a one-time link: run this where Herald runs, or ask whoever operates it.
      </Text>
      <pre className="request command">
        herald admin <span>sign-in-link</span> <span>--business ID</span> <span>--user ID</span>
      </pre>
    </>
  );
}

type Proof = { token: string } | { email: string; password: string };

/** Exchanges a proof for a session, and goes to where the person was before. */
function useSignIn() {
  const { state } = useLocation();
  const navigate = useNavigate();
  const cache = useQueryClient();
  return useMutation({
    mutationFn: (body: Proof) => dataOf(api.POST('/api/session', { body })),
    onSuccess: (session) => {
      cache.clear();
      cache.setQueryData(sessionQuery.queryKey, session);
      navigate(typeof state?.from === 'string' ? state.from : '/', { replace: true });
    },
  });
}

function useSignInByLink() {
  const token = useSecretOfLink('token');
  const taken = useRef<string | null>(null);
  const signIn = useSignIn();
  const { mutate } = signIn;
  useEffect(() => {
    if (token === null || taken.current === token) return;
    taken.current = token;
    mutate({ token });
  }, [token, mutate]);
  return {
    busy: signIn.isPending || signIn.isSuccess || (signIn.isIdle && token !== null),
    error: signIn.error,
    retry: () => token !== null && mutate({ token }),
  };
}
