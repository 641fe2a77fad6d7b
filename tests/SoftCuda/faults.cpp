#include "faults.h"
#include <pthread.h>
#include <signal.h>

namespace
{
void (*fault)(int signal);
pthread_t faulting_thread;
struct sigaction outside_segv;
struct sigaction outside_ill;

void pass_on(int number, siginfo_t* info, void* context)
{
    const struct sigaction& outside = number == SIGILL ? outside_ill : outside_segv;
    if (outside.sa_flags & SA_SIGINFO) outside.sa_sigaction(number, info, context);
    else if (outside.sa_handler != SIG_DFL && outside.sa_handler != SIG_IGN) outside.sa_handler(number);
    else sigaction(number, &outside, nullptr);  // it happens again
}

void on_signal(int number, siginfo_t* info, void* context)
{
    if (pthread_equal(pthread_self(), faulting_thread)) fault(number);
    else pass_on(number, info, context);
}
}

FaultHandler::FaultHandler(void (*on_fault)(int signal))
{
    fault = on_fault;
    faulting_thread = pthread_self();
    struct sigaction action = {};
    action.sa_sigaction = on_signal;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
    // Known before the first fault can be passed on.
    sigaction(SIGSEGV, nullptr, &outside_segv);
    sigaction(SIGILL, nullptr, &outside_ill);
    sigaction(SIGSEGV, &action, nullptr);
    sigaction(SIGILL, &action, nullptr);
}

FaultHandler::~FaultHandler()
{
    sigaction(SIGSEGV, &outside_segv, nullptr);
    sigaction(SIGILL, &outside_ill, nullptr);
}
