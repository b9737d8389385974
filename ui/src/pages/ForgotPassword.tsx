// Asks for an email with a link to choose a new password. The answer is the same whether or not there is such an account.
import { useState, type FormEvent } from 'react';
import { Anchor, Button, Group, Stack, Text, TextInput } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { Link, useLocation } from 'react-router-dom';
import { api, dataOf } from '../api/client';
import { asApiError } from '../api/problem';
import { Alone, AloneTitle } from '../layout/Alone';
import { Refusal } from '../parts/Refusal';

export function ForgotPassword() {
  const ask = useMutation({
    mutationFn: (email: string) => dataOf(api.POST('/api/password-resets', { body: { email } })),
  });
  return (
    <Alone title="Forgot password">
      {ask.isSuccess ? (
        <Sent email={ask.variables} />
      ) : (
        <AskForm error={ask.error} busy={ask.isPending} onAsk={ask.mutate} />
      )}
      <Text size="sm" mt="lg">
        <Anchor component={Link} to="/sign-in">
          Back to signing in
        </Anchor>
      </Text>
    </Alone>
  );
}

function Sent({ email }: { email: string }) {
  return (
    <div role="status">
      <AloneTitle>Look into your mailbox</AloneTitle>
      <Text>
        If there is an account of <strong>{email}</strong>, an email with a link is on its way. The link works
        once, for an hour.
      </Text>
    </div>
  );
}

interface AskFormProps {
  error: unknown;
  busy: boolean;
  onAsk: (email: string) => void;
}

function AskForm({ error, busy, onAsk }: AskFormProps) {
  const { state } = useLocation();
  const [email, setEmail] = useState<string>(typeof state?.email === 'string' ? state.email : '');
  const [missing, setMissing] = useState(false);
  const aboutEmail = asApiError(error)?.field('/email');
  const submit = (event?: FormEvent) => {
    event?.preventDefault();
    setMissing(!email.trim());
    if (email.trim() && !busy) onAsk(email.trim());
  };
  return (
    <form onSubmit={submit} noValidate>
      <AloneTitle>Forgot password</AloneTitle>
      <Text>You get an email with a link to choose a new one.</Text>
      <Stack gap="sm" mt="md">
        <TextInput
          label="Email"
          type="email"
          name="email"
          autoComplete="username"
          value={email}
          onChange={(event) => setEmail(event.currentTarget.value)}
          error={missing ? 'Enter your email address.' : aboutEmail}
          required
        />
        {Boolean(error) && !aboutEmail && (
          <Refusal title="No email was sent" error={error} onRetry={submit} />
        )}
        <Group>
          <Button type="submit" loading={busy}>
            Send the email
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
