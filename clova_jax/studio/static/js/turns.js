// Says which answers are late: those to a question that a newer one of the same place has overtaken.

// Returns a function that begins a turn; what it returns says whether a newer turn has begun, or the room of it was left.
export function turns(room = null) {
  let newest = 0;
  return () => {
    const own = (newest += 1);
    return () => own !== newest || Boolean(room?.hidden);
  };
}
