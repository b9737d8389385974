// Where the links of emails lead: /reset#TOKEN and /invitation#TOKEN, to choose a password.
import { useState, type FormEvent } from 'react';
import { Anchor, Button, Group, Loader, Stack, Text } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, useNavigate } from 'react-router-dom';
import { api, dataOf } from '../api/client';
import { asApiError } from '../api/problem';
import { sessionQuery } from '../api/queries';
import { Alone, AloneTitle } from '../layout/Alone';
import { useSecretOfLink } from '../parts/links';
import { NewPassword, passwordProblem } from '../parts/NewPassword';
import { Refusal } from '../parts/Refusal';
import { ErrorNotice } from '../parts/states';

type Kind = 'reset' | 'invitation';

export function ChoosePassword({ kind }: { kind: Kind }) {
  const token = useSecretOfLink();
  return (
    <Alone title="Choose a password">
      {token === null ? <NoGood kind={kind} /> : <WithToken key={token} kind={kind} token={token} />}
    </Alone>
  );
}

function NoGood({ kind }: { kind: Kind }) {
  return (
    <>
      <AloneTitle>This link does not work</AloneTitle>
      <Text mb="md">It works once, and only for a while; a newer one replaces it.</Text>
      {kind === 'reset' ? (
        <Anchor component={Link} to="/forgot-password">
          Have a new link sent
        </Anchor>
      ) : (
        <Text>Ask whoever invited you for another one.</Text>
      )}
    </>
  );
}

function WithToken({ kind, token }: { kind: Kind; token: string }) {
  const owner = useQuery({
    queryKey: ['link', kind, token],
    queryFn: ({ signal }) =>
      dataOf(
        kind === 'reset'
          ? api.POST('/api/password-resets/check', { body: { token }, signal })
          : api.POST('/api/invitations/check', { body: { token }, signal }),
      ),
    staleTime: Infinity,
    gcTime: 0,
  });
  if (owner.isPending) {
    return (
      <div role="status">
        <Loader type="dots" aria-hidden /> Looking at the link…
      </div>
    );
  }
  if (owner.data) {
    const { email, business_name: business } = owner.data;
    return <Choose kind={kind} token={token} email={email} business={business} />;
  }
  const refused = asApiError(owner.error)?.status;
  return refused === 401 || refused === 422 ? (
    <NoGood kind={kind} />
  ) : (
    <ErrorNotice title="The link could not be looked at" error={owner.error} onRetry={owner.refetch} />
  );
}

interface ChooseProps {
  kind: Kind;
  token: string;
  email: string;
  business: string | null;
}

function Choose({ kind, token, email, business }: ChooseProps) {
  const [password, setPassword] = useState('');
  const [tried, setTried] = useState(false);
  const set = useSetPassword(kind, email);
  const problem = tried ? passwordProblem(password) : undefined;
  const aboutPassword = asApiError(set.error)?.field('/password');

  const submit = (event?: FormEvent) => {
    event?.preventDefault();
    setTried(true);
    if (!passwordProblem(password) && !set.isPending) set.mutate({ token, password });
  };
  if (asApiError(set.error)?.status === 401) return <NoGood kind={kind} />;
  return (
    <form onSubmit={submit} noValidate>
      <AloneTitle>Choose a password</AloneTitle>
      <Text>
        {business ? (
          <>
            For <strong>{email}</strong>, to work in {business}.
          </>
        ) : (
          <>
            For <strong>{email}</strong>. Whoever is signed in with the old one is signed out.
          </>
        )}
      </Text>
      <Stack gap="sm" mt="md">
        <input hidden type="text" name="email" autoComplete="username" value={email} readOnly />
        <NewPassword
          value={password}
          onChange={(value) => {
            setPassword(value);
            set.reset();
          }}
          error={problem ?? aboutPassword}
        />
        {set.isError && !aboutPassword && (
          <Refusal title="The password was not set" error={set.error} onRetry={submit} />
        )}
        <Group>
          <Button type="submit" loading={set.isPending}>
            {kind === 'invitation' ? 'Set the password and sign in' : 'Set the password'}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

/** An invitation signs in; after a reset the person signs in with the new password. */
function useSetPassword(kind: Kind, email: string) {
  const navigate = useNavigate();
  const cache = useQueryClient();
  return useMutation({
    mutationFn: async (body: { token: string; password: string }) => {
      if (kind === 'invitation') return dataOf(api.POST('/api/invitations/accept', { body }));
      await dataOf(api.POST('/api/password-resets/confirm', { body }));
      return null;
    },
    onSuccess: (session) => {
      cache.clear();
      if (session) cache.setQueryData(sessionQuery.queryKey, session);
      navigate(session ? '/' : '/sign-in', { replace: true, state: { why: 'password-set', email } });
    },
  });
}
