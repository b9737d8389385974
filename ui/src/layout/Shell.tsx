// The frame of every page but sign-in: skip link, word mark, navigation, who is signed in.
import { useEffect, useRef } from 'react';
import { Menu, UnstyledButton } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { BookOpen, ChevronDown, LogOut, UserRound } from 'lucide-react';
import { Link, Outlet, useLocation, useNavigate } from 'react-router-dom';
import { api, dataOf, type Session } from '../api/client';
import { sentence } from '../api/problem';
import { sessionQuery } from '../api/queries';
import { say } from '../parts/say';
import { ColorSchemeToggle } from './ColorSchemeToggle';
import { HeraldMark } from './HeraldMark';

const sections = [
  { to: '/', label: 'Activities', holds: /^\/($|activities\/)/ },
  { to: '/deliveries', label: 'Deliveries', holds: /^\/deliveries/ },
  { to: '/notifications', label: 'Notifications', holds: /^\/notifications/ },
];

export function Shell() {
  useFocusOnArrival();
  const session = useQuery(sessionQuery);
  return (
    <div className="frame">
      <a className="skip" href="#main">
        Skip to the content
      </a>
      <header className="bar">
        <div className="bar-inner">
          <Link to="/" className="brand">
            <HeraldMark />
            Herald
          </Link>
          <Sections />
          <div className="who">
            <ColorSchemeToggle />
            {session.data && <WhoMenu session={session.data} />}
          </div>
        </div>
      </header>
      <main id="main" className="main" tabIndex={-1}>
        <Outlet />
      </main>
    </div>
  );
}

function Sections() {
  const { pathname } = useLocation();
  return (
    <nav className="nav" aria-label="Sections">
      {sections.map(({ to, label, holds }) => (
        <Link key={to} to={to} aria-current={holds.test(pathname) ? 'page' : undefined}>
          {label}
        </Link>
      ))}
    </nav>
  );
}

function WhoMenu({ session }: { session: Session }) {
  const signOut = useSignOut();
  const { user, business } = session;
  return (
    <Menu position="bottom-end" width={240} withinPortal={false}>
      <Menu.Target>
        <UnstyledButton className="who-button">
          <span className="who-text">
            <span className="who-name">{user.display_name}</span>
            <span className="who-business">{business.name}</span>
          </span>
          <ChevronDown size={16} aria-hidden />
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>
          {user.email}
          <br />
          {business.name}
        </Menu.Label>
        <Menu.Item component={Link} to="/profile" leftSection={<UserRound size={16} aria-hidden />}>
          Profile
        </Menu.Item>
        <Menu.Item component="a" href="/reference" leftSection={<BookOpen size={16} aria-hidden />}>
          API reference
        </Menu.Item>
        <Menu.Item leftSection={<LogOut size={16} aria-hidden />} onClick={() => signOut.mutate()}>
          Sign out
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}

function useSignOut() {
  const cache = useQueryClient();
  const navigate = useNavigate();
  return useMutation({
    mutationFn: () => dataOf(api.DELETE('/api/session')),
    onSuccess: () => {
      navigate('/sign-in', { state: { why: 'signed-out' } });
      cache.clear();
    },
    onError: (error) => say({ tone: 'bad', title: 'Not signed out', text: sentence(error) }),
  });
}

/** Moves the keyboard to the new page's content, unless the page has chosen a field of its own. */
function useFocusOnArrival() {
  const { pathname } = useLocation();
  const before = useRef(pathname);
  useEffect(() => {
    if (before.current === pathname) return;
    before.current = pathname;
    window.scrollTo(0, 0);
    const main = document.getElementById('main');
    if (main && !main.contains(document.activeElement)) main.focus({ preventScroll: true });
  }, [pathname]);
}
