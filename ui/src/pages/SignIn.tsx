// Exchanges the token of a one-time link for a session. The token travels in the fragment, which no server logs, and
// leaves the address bar and the history before it is used.
import { useEffect, useRef } from 'react';
import { Loader, Paper, Text, Title } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useLocation, useNavigate } from 'react-router-dom';
import { api, dataOf } from '../api/client';
import { asApiError, sentence } from '../api/problem';
import { sessionQuery } from '../api/queries';
import { HeraldMark } from '../layout/HeraldMark';
import { useTitle } from '../parts/Page';
import { ErrorNotice } from '../parts/states';

export function SignIn() {
  useTitle('Sign in');
  const signIn = useSignInByLink();
  const refused = asApiError(signIn.error)?.status;
  const retry = signIn.retry && (refused === 0 || refused === 503) ? signIn.retry : undefined;
  return (
    <main className="alone">
      <Paper withBorder p="xl" radius="md">
        <Text component="span" className="brand" mb="sm">
          <HeraldMark size={28} />
          Herald
        </Text>
        {signIn.busy ? (
          <div role="status">
            <Loader type="dots" aria-hidden /> Signing in…
          </div>
        ) : retry ? (
          <ErrorNotice title="Not signed in" error={signIn.error} onRetry={retry} />
        ) : (
          <WhatToDo error={signIn.error} />
        )}
      </Paper>
    </main>
  );
}

function WhatToDo({ error }: { error: unknown }) {
  const { state } = useLocation();
  const why: unknown = state?.why;
  const [title, text] = error
    ? ['This link does not work', `${sentence(error)} A link works once, and only for a while.`]
    : why === 'signed-out'
      ? ['You are signed out', 'To come back, open a new sign-in link.']
      : why === 'ended'
        ? ['Sign in', 'You are not signed in, or your session has ended.']
        : ['Sign in', 'Herald signs you in by a one-time link.'];
  return (
    <>
      <Title order={1} size="h3" mb={4}>
        {title}
      </Title>
      <Text mb="md">{text}</Text>
      <Text size="sm" mb={6}>
        To get a new link, run this where Herald runs, or ask whoever operates it:
      </Text>
      <pre className="request command">
        herald admin <span>sign-in-link</span> <span>--business ID</span> <span>--user ID</span>
      </pre>
    </>
  );
}

function useSignInByLink() {
  const { hash } = useLocation();
  const navigate = useNavigate();
  const cache = useQueryClient();
  const taken = useRef<string | null>(null);
  const exchange = useMutation({
    mutationFn: (token: string) => dataOf(api.POST('/api/session', { body: { token } })),
    onSuccess: (session) => {
      cache.clear();
      cache.setQueryData(sessionQuery.queryKey, session);
      navigate('/', { replace: true });
    },
  });
  const { mutate } = exchange;

  useEffect(() => {
    const token = tokenIn(hash);
    if (token === null) return;
    navigate('/sign-in', { replace: true });
    if (taken.current === token) return;
    taken.current = token;
    mutate(token);
  }, [hash, mutate, navigate]);

  const sent = exchange.variables;
  return {
    busy: exchange.isPending || exchange.isSuccess || (exchange.isIdle && tokenIn(hash) !== null),
    error: exchange.error,
    retry: sent === undefined ? undefined : () => mutate(sent),
  };
}

function tokenIn(hash: string): string | null {
  return new URLSearchParams(hash.slice(1)).get('token') || null;
}
