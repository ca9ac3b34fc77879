//! Parallel work whose results are taken in order.

use std::sync::{Condvar, Mutex, PoisonError};

/// A lock that is held in the order of tickets.
#[derive(Debug)]
pub struct TicketLock<T> {
    state: Mutex<(usize, T)>,
    over: Condvar,
}

/// A place in the order. Its turn begins when all turns before it are over, and ends when this is dropped.
#[derive(Debug)]
pub struct Ticket<'t, T> {
    lock: &'t TicketLock<T>,
    number: usize,
}

impl<T> TicketLock<T> {
    /// No turn has begun.
    pub fn new(shared: T) -> Self {
        Self { state: Mutex::new((0, shared)), over: Condvar::new() }
    }

    /// The ticket of this number; each from 0 on must be taken once.
    pub fn place(&self, number: usize) -> Ticket<'_, T> {
        Ticket { lock: self, number }
    }

    /// The shared value.
    pub fn into_inner(self) -> T {
        self.state.into_inner().unwrap_or_else(PoisonError::into_inner).1
    }
}

impl<T> Ticket<'_, T> {
    /// Waits for the turn and runs `work` on the shared value.
    pub fn within<R>(&self, work: impl FnOnce(&mut T) -> R) -> R {
        let state = self.lock.state.lock().unwrap_or_else(PoisonError::into_inner);
        let waiting = self.lock.over.wait_while(state, |(turn, _)| *turn != self.number);
        work(&mut waiting.unwrap_or_else(PoisonError::into_inner).1)
    }
}

impl<T> Drop for Ticket<'_, T> {
    fn drop(&mut self) {
        self.within(|_| ());
        self.lock.state.lock().unwrap_or_else(PoisonError::into_inner).0 += 1;
        self.lock.over.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn results_are_in_order() {
        let lock = TicketLock::new(Vec::new());
        let next = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    loop {
                        let number = next.fetch_add(1, Ordering::Relaxed);
                        if number >= 1000 {
                            return;
                        }
                        let ticket = lock.place(number);
                        for half in 0..2 {
                            ticket.within(|taken| taken.push((number, half)));
                        }
                    }
                });
            }
        });
        let expected: Vec<_> = (0..1000).flat_map(|number| [(number, 0), (number, 1)]).collect();
        assert_eq!(lock.into_inner(), expected);
    }
}
