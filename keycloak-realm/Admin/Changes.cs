using System.Globalization;
using System.Text.Json.Nodes;
using KeycloakRealm.Model;

namespace KeycloakRealm.Admin;

/// <summary>
/// An absent member changes nothing; one of another type makes the whole representation unreadable, and nothing is changed then.
/// </summary>
internal sealed class Changes(JsonObject body)
{
    private readonly List<Action> _changes = [];

    public bool IsReadable { get; private set; } = true;

    public Changes Text(string name, Action<string> set) => Take(name, value => value.ToString(), set);

    public Changes Flag(string name, Action<bool> set) => Take(
        name,
        value => value.ToString() switch { "true" => true, "false" => false, _ => throw new FormatException() },
        set);

    public Changes Number(string name, Action<int> set) =>
        Take(name, value => int.Parse(value.ToString(), CultureInfo.InvariantCulture), set);

    public Changes Texts(string name, Action<List<string>> set)
    {
        if (body[name] is JsonArray list && list.All(item => item is JsonValue))
        {
            _changes.Add(() => set([.. list.Select(item => item!.ToString())]));
        }
        else if (body[name] is not null)
        {
            IsReadable = false;
        }

        return this;
    }

    public Changes TextMap(string name, Action<Dictionary<string, string>> set)
    {
        if (body[name] is JsonObject map)
        {
            _changes.Add(() => set(map.ToDictionary(each => each.Key, each => each.Value?.ToString() ?? "", StringComparer.Ordinal)));
        }
        else if (body[name] is not null)
        {
            IsReadable = false;
        }

        return this;
    }

    public Changes Password(string name, Action<Password> set)
    {
        if (body[name] is not JsonArray list)
        {
            IsReadable &= body[name] is null;
            return this;
        }

        if (list.OfType<JsonObject>().Select(item => item["value"]).OfType<JsonValue>().FirstOrDefault() is { } value)
        {
            _changes.Add(() => set(Model.Password.FromPlain(value.ToString())));
        }

        return this;
    }

    public AdminAnswer Apply()
    {
        if (!IsReadable)
        {
            return AdminAnswer.Unreadable;
        }

        foreach (var change in _changes)
        {
            change();
        }

        return AdminAnswer.NoContent;
    }

    private Changes Take<T>(string name, Func<JsonValue, T> read, Action<T> set)
    {
        if (body[name] is not { } value)
        {
            return this;
        }

        try
        {
            var taken = value is JsonValue plain ? read(plain) : throw new FormatException();
            _changes.Add(() => set(taken));
        }
        catch (Exception exception) when (exception is FormatException or OverflowException)
        {
            IsReadable = false;
        }

        return this;
    }
}
