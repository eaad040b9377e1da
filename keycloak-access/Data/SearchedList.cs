namespace KeycloakAccess.Data;

/// <summary>
/// A page of a list that is searched, at a cost that has a limit. Few rows that may hold the text are all read and sorted. Many are met
/// soon in the order of the list, which is gone along for so many rows and no further: such a page may hold fewer rows than were asked for,
/// or none, and has a next one.
/// </summary>
internal abstract class SearchedList<T>
{
    // What every fourth row holds is found within these, before anything else is tried.
    private const int FirstLook = 200;

    private const int MostHits = 2000;
    private const int LongestLook = 3000;

    // Where no texts are compared.
    private const int LookForFilter = 1000;

    public async Task<KeysetPage<T>> ReadAsync(int limit)
    {
        if (await LookAsync(FirstLook) is { } soon)
        {
            return soon;
        }

        return await ReadFewAsync(limit)
            ?? await LookAsync(LongestLook)
            ?? throw new InvalidOperationException("A look of the greatest length has no page.");

        async Task<KeysetPage<T>?> LookAsync(int length)
        {
            var rows = await ReadInOrderAsync(length, limit + 1);
            if (rows.Count > limit)
            {
                return KeysetPage<T>.Cut(rows, limit, CursorAt);
            }

            var end = await FindInOrderAsync(length - 1);
            return end.Count == 0 ? new(rows, Next: null) : length == LongestLook ? new(rows, CursorAt(end[0])) : null;
        }
    }

    /// <summary><see langword="null"/> if many rows may hold the text.</summary>
    public async Task<KeysetPage<T>?> ReadFewAsync(int limit) => await CountHitsAsync(MostHits + 1) <= MostHits
        ? KeysetPage<T>.Cut(await ReadHitsAsync(limit + 1), limit, CursorAt)
        : null;

    /// <summary>
    /// Of a list that is filtered: many rows are met soon in its order, and few by an index of what they are filtered by, if there is one.
    /// </summary>
    public async Task<KeysetPage<T>> ReadFilteredAsync(int limit)
    {
        foreach (var length in (int[])[LookForFilter, LongestLook])
        {
            var rows = await ReadInOrderAsync(length, limit + 1);
            if (rows.Count > limit)
            {
                return KeysetPage<T>.Cut(rows, limit, CursorAt);
            }

            // A longer look would not meet enough of them either.
            if (rows.Count * LongestLook / LookForFilter <= limit)
            {
                break;
            }
        }

        return KeysetPage<T>.Cut(await ReadHitsAsync(limit + 1), limit, CursorAt);
    }

    /// <summary>Of so many next rows in the order of the list those that are searched for, at most <c>limit</c>.</summary>
    protected abstract Task<List<T>> ReadInOrderAsync(int length, int limit);

    /// <summary>The row that comes after so many in the order of the list, whatever it holds; none at the end.</summary>
    protected abstract Task<List<T>> FindInOrderAsync(int offset);

    protected abstract Task<long> CountHitsAsync(int most);

    /// <summary>The first of all rows that are searched for.</summary>
    protected abstract Task<List<T>> ReadHitsAsync(int limit);

    protected abstract Cursor CursorAt(T row);
}
