using Dapper;

namespace KeycloakAccess.Data;

/// <summary>A page of a list, and the cursor that reads the next one: <see langword="null"/> on the last.</summary>
internal sealed record KeysetPage<T>(IReadOnlyList<T> Items, Cursor? Next)
{
    /// <summary>Of rows that were read with one more than the page has, to know whether there is a next one.</summary>
    public static KeysetPage<T> Cut(List<T> rows, int limit, Func<T, Cursor> cursorAt) =>
        rows.Count > limit ? new(rows[..limit], cursorAt(rows[limit - 1])) : new(rows, Next: null);
}

/// <summary>
/// The order of a list that is read a page at a time: keys that are never NULL and together differ from row to row. A page starts
/// after the keys of the last row before, so rows that are added or removed meanwhile neither repeat nor hide others.
/// </summary>
internal sealed class Keyset<T>(string sort)
{
    private readonly List<Key> _keys = [];

    public string OrderBy => string.Join(", ", _keys.Select(key => key.IsDescending ? key.Column + " DESC" : key.Column));

    public Keyset<T> By(string column, Func<T, string> value) => Add(new Key(column, value, text => text, IsDescending: false));

    public Keyset<T> By(string column, Func<T, Guid> value, bool descending = false) => Add(column, value, StoredType.Id, descending);

    public Keyset<T> By(string column, Func<T, DateTimeOffset> value, bool descending = false) =>
        Add(column, value, StoredType.Instant, descending);

    /// <summary><see langword="null"/> if the text is no cursor of this order.</summary>
    public Cursor? Parse(string? text) =>
        text is not null && Cursor.Parse(text, sort) is { } cursor && Read(cursor) is not null ? cursor : null;

    public Cursor CursorAt(T row) => new(sort, [.. _keys.Select(key => key.Write(row))]);

    /// <summary><see langword="null"/> if the cursor has other keys.</summary>
    public IReadOnlyList<object>? Read(Cursor cursor)
    {
        var values = _keys.Zip(cursor.Keys, (key, text) => text is null ? null : key.Parse(text)).OfType<object>().ToArray();
        return cursor.Keys.Count == _keys.Count && values.Length == _keys.Count ? values : null;
    }

    /// <summary>Adds the cursor's keys and <c>@limit</c>, one row more than the page has, and returns the condition for them.</summary>
    public string StartAfter(Cursor? cursor, int limit, DynamicParameters parameters)
    {
        parameters.Add("limit", limit + 1);
        if (cursor is null)
        {
            return "1 = 1";
        }

        foreach (var (index, value) in Read(cursor)!.Index())
        {
            parameters.Add($"after{index}", value);
        }

        return _keys.All(key => key.IsDescending == _keys[0].IsDescending)
            ? $"({string.Join(", ", _keys.Select(key => key.Column))}) {_keys[0].Beyond} "
                + $"({string.Join(", ", _keys.Select((_, index) => $"@after{index}"))})"
            : Beyond(0);
    }

    public KeysetPage<T> Cut(List<T> rows, int limit) => KeysetPage<T>.Cut(rows, limit, CursorAt);

    // Of keys in two directions: one comparison that an index begins with, and one for the rows that have the same key.
    private string Beyond(int index)
    {
        var (key, parameter) = (_keys[index], $"@after{index}");
        return index == _keys.Count - 1
            ? $"{key.Column} {key.Beyond} {parameter}"
            : $"{key.Column} {key.Beyond}= {parameter} AND ({key.Column} {key.Beyond} {parameter} OR ({Beyond(index + 1)}))";
    }

    private Keyset<T> Add<TKey>(string column, Func<T, TKey> value, StoredType<TKey> type, bool descending)
        where TKey : struct =>
        Add(new Key(column, row => (string)type.Write(value(row)), text => type.Parse(text), descending));

    private Keyset<T> Add(Key key)
    {
        _keys.Add(key);
        return this;
    }

    private sealed record Key(string Column, Func<T, string> Write, Func<string, object?> Parse, bool IsDescending)
    {
        public string Beyond => IsDescending ? "<" : ">";
    }
}
