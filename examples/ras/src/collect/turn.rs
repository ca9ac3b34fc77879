//! Work done side by side whose results are taken in order.

use std::sync::{Condvar, Mutex, PoisonError};

/// What results are taken to: only whose turn it is gets at it.
#[derive(Debug)]
pub struct Turns<T> {
    state: Mutex<(usize, T)>,
    over: Condvar,
}

/// A place in the order. The turn begins when those before are over, and is over when this is dropped.
#[derive(Debug)]
pub struct Turn<'t, T> {
    turns: &'t Turns<T>,
    number: usize,
}

impl<T> Turns<T> {
    /// Nobody had a turn.
    pub fn new(shared: T) -> Self {
        Self { state: Mutex::new((0, shared)), over: Condvar::new() }
    }

    /// The place of this number; each from 0 on has to be taken once.
    pub fn place(&self, number: usize) -> Turn<'_, T> {
        Turn { turns: self, number }
    }

    /// What was shared.
    pub fn into_inner(self) -> T {
        self.state.into_inner().unwrap_or_else(PoisonError::into_inner).1
    }
}

impl<T> Turn<'_, T> {
    /// Waits for the turn, if it has not begun, and does something in it.
    pub fn within<R>(&self, work: impl FnOnce(&mut T) -> R) -> R {
        let state = self.turns.state.lock().unwrap_or_else(PoisonError::into_inner);
        let waiting = self.turns.over.wait_while(state, |(turn, _)| *turn != self.number);
        work(&mut waiting.unwrap_or_else(PoisonError::into_inner).1)
    }
}

impl<T> Drop for Turn<'_, T> {
    fn drop(&mut self) {
        self.within(|_| ());
        self.turns.state.lock().unwrap_or_else(PoisonError::into_inner).0 += 1;
        self.turns.over.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn results_are_in_order() {
        let turns = Turns::new(Vec::new());
        let next = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    loop {
                        let number = next.fetch_add(1, Ordering::Relaxed);
                        if number >= 1000 {
                            return;
                        }
                        let turn = turns.place(number);
                        for half in 0..2 {
                            turn.within(|taken| taken.push((number, half)));
                        }
                    }
                });
            }
        });
        let expected: Vec<_> = (0..1000).flat_map(|number| [(number, 0), (number, 1)]).collect();
        assert_eq!(turns.into_inner(), expected);
    }
}
