// What every page stands in: theme, cache, routes, and the rule that a 401 anywhere leads to the sign-in page.
import { MantineProvider } from '@mantine/core';
import { MutationCache, QueryCache, QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { createBrowserRouter, RouterProvider } from 'react-router-dom';
import { asApiError } from './api/problem';
import { Shell } from './layout/Shell';
import { Activities } from './pages/Activities';
import { ActivitySettings } from './pages/ActivitySettings';
import { ChoosePassword } from './pages/ChoosePassword';
import { Deliveries } from './pages/Deliveries';
import { ForgotPassword } from './pages/ForgotPassword';
import { LogActivity } from './pages/LogActivity';
import { NotFound } from './pages/NotFound';
import { Notifications } from './pages/Notifications';
import { Profile } from './pages/Profile';
import { RouteError } from './pages/RouteError';
import { SignIn } from './pages/SignIn';
import { Toasts } from './parts/Toasts';
import { styleNonce } from './nonce';
import { cssVariables, theme } from './theme';

const router = createBrowserRouter([
  {
    errorElement: <RouteError />,
    children: [
      { path: '/sign-in', element: <SignIn /> },
      { path: '/forgot-password', element: <ForgotPassword /> },
      { path: '/reset', element: <ChoosePassword key="reset" kind="reset" /> },
      { path: '/invitation', element: <ChoosePassword key="invitation" kind="invitation" /> },
    ],
  },
  {
    element: <Shell />,
    errorElement: <RouteError />,
    children: [
      { index: true, element: <Activities /> },
      { path: 'activities/:id', element: <ActivitySettings /> },
      { path: 'activities/:id/log', element: <LogActivity /> },
      { path: 'deliveries', element: <Deliveries /> },
      { path: 'notifications', element: <Notifications /> },
      { path: 'profile', element: <Profile /> },
      { path: '*', element: <NotFound /> },
    ],
  },
]);

// Pages of people who are not signed in: there a 401 is an answer, and not the end of a session.
const open = ['/sign-in', '/forgot-password', '/reset', '/invitation'];

function leaveOn401(error: unknown) {
  const { pathname, search } = router.state.location;
  if (asApiError(error)?.status !== 401 || open.includes(pathname)) return;
  queryClient.clear();
  void router.navigate('/sign-in', { replace: true, state: { why: 'ended', from: pathname + search } });
}

const queryClient = new QueryClient({
  queryCache: new QueryCache({ onError: leaveOn401 }),
  mutationCache: new MutationCache({ onError: leaveOn401 }),
  defaultOptions: {
    queries: {
      // Only what may pass by itself is tried again.
      retry: (failures, error) => [0, 503].includes(asApiError(error)?.status ?? -1) && failures < 2,
      retryDelay: 500,
      // The server is often on the same machine: being offline says nothing about it.
      networkMode: 'always',
    },
    mutations: { networkMode: 'always' },
  },
});

export function App() {
  return (
    <MantineProvider
      theme={theme}
      cssVariablesResolver={cssVariables}
      defaultColorScheme="auto"
      getStyleNonce={() => styleNonce}
    >
      <QueryClientProvider client={queryClient}>
        <Toasts />
        <RouterProvider router={router} future={{ v7_startTransition: true }} />
      </QueryClientProvider>
    </MantineProvider>
  );
}
