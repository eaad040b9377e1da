using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace KeycloakRealm.Model;

/// <summary><c>acr.loa.map</c> of a client or the realm: names of authentication levels (<c>acr</c>) and their numbers.</summary>
internal sealed class AcrLevels
{
    private readonly Dictionary<string, int> _levels = new(StringComparer.Ordinal);

    /// <summary>In the order of the map.</summary>
    public IReadOnlyCollection<string> Names => _levels.Keys;

    /// <summary>Null for text that is not a map of names to numbers.</summary>
    public static AcrLevels? Parse(string? text)
    {
        var result = new AcrLevels();
        if (string.IsNullOrEmpty(text))
        {
            return result;
        }

        try
        {
            if (JsonNode.Parse(text) is not JsonObject map)
            {
                return null;
            }

            foreach (var (name, value) in map)
            {
                if (!int.TryParse(value?.ToString(), NumberStyles.Integer, CultureInfo.InvariantCulture, out var level))
                {
                    return null;
                }

                result._levels[name] = level;
            }

            return result;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>A name that the map lacks may be a number itself.</summary>
    public int? Find(string name) => _levels.TryGetValue(name, out var level) ? level
        : int.TryParse(name, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) ? number
        : null;

    /// <summary>Null without a map.</summary>
    public string? Highest(IEnumerable<string> names, int reached)
    {
        string? best = null;
        var highest = 0;
        foreach (var name in _levels.Count == 0 ? [] : names)
        {
            if (Find(name) is { } level && level > highest && level <= reached)
            {
                best = name;
                highest = level;
            }
        }

        return best;
    }
}
