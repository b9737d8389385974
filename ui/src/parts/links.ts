import { useEffect, useState } from 'react';
import { useLocation, useNavigate } from 'react-router-dom';

/**
 * The secret of a link. It travels in the fragment, which no server logs, and leaves the address bar and the history
 * before it is used. `name`: in `#name=SECRET`; without one the whole fragment is it.
 */
export function useSecretOfLink(name?: string): string | null {
  const { hash, pathname, state } = useLocation();
  const navigate = useNavigate();
  const found = secretIn(hash, name);
  const [secret, setSecret] = useState(found);
  if (found !== null && found !== secret) setSecret(found);
  useEffect(() => {
    if (found !== null) navigate(pathname, { replace: true, state });
  }, [found, navigate, pathname, state]);
  return secret;
}

function secretIn(hash: string, name?: string): string | null {
  const text = hash.slice(1);
  return (name ? new URLSearchParams(text).get(name) : text) || null;
}
