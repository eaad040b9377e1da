using System.Text.Json;
using System.Text.Json.Nodes;
using KeycloakRealm.Model;
using KeycloakRealm.Tokens;

namespace KeycloakRealm.Sessions;

/// <summary>
/// The authentication levels that a client asks for: <c>acr_values</c>, or <c>acr</c> in the parameter <c>claims</c>
/// (OpenID Connect Core 1.0, sections 3.1.2.1 and 5.5.1.1). The lowest of them is enough.
/// </summary>
/// <param name="Level">The number of the level; <see cref="None"/> where none is asked for.</param>
/// <param name="Essential">Names that the client insists on.</param>
/// <param name="Voluntary">Names that it would like.</param>
/// <param name="IsUnknown">One that is insisted on has no number.</param>
internal sealed record AcrRequest(int Level, IReadOnlyList<string> Essential, IReadOnlyList<string> Voluntary, bool IsUnknown)
{
    /// <summary>No level at all, which is less than the level 0 of a session that was merely reused.</summary>
    public const int None = -1;

    /// <summary>What a name stands for that nobody knows.</summary>
    private const int Lowest = 0;

    public static AcrRequest Nothing { get; } = new(None, [], [], IsUnknown: false);

    public static AcrRequest Read(Realm realm, Client client, string? claims, string? acrValues)
    {
        var levels = client.AcrLevels(realm);
        var (named, isEssential) = ReadClaims(claims);
        List<string> essential = isEssential ? named : [];
        List<string> voluntary = isEssential || named.Count == 0 ? [.. acrValues?.Split(' ', StringSplitOptions.RemoveEmptyEntries) ?? []] : named;
        if (voluntary.Count == 0)
        {
            voluntary = [.. client.Attribute("default.acr.values")?.Split("##", StringSplitOptions.RemoveEmptyEntries) ?? []];
        }

        var asked = essential.Count > 0 ? essential : voluntary;
        return asked.Count == 0
            ? Nothing
            : new AcrRequest(
                asked.Min(name => levels.Find(name) ?? Lowest), essential, voluntary, essential.Exists(name => levels.Find(name) is null));
    }

    private static (List<string> Names, bool IsEssential) ReadClaims(string? text)
    {
        try
        {
            if (text is null || JsonNode.Parse(text) is not JsonObject claims || claims["id_token"] is not JsonObject token || token["acr"] is not JsonObject acr)
            {
                return ([], false);
            }

            var names = acr.Texts("values");
            if (acr.Text("value") is { } one)
            {
                names.Add(one);
            }

            return (names, acr["essential"] is JsonValue essential && essential.ToString() is "true");
        }
        catch (JsonException)
        {
            return ([], false);
        }
    }
}
