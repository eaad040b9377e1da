using System.Text.Json;
using System.Text.Json.Nodes;
using KeycloakRealm.Model;
using KeycloakRealm.Tokens;

namespace KeycloakRealm.Sessions;

/// <summary>
/// <c>acr_values</c>, or <c>acr</c> in <c>claims</c> (OpenID Connect Core 1.0, sections 3.1.2.1 and 5.5.1.1). The lowest level is
/// enough.
/// </summary>
internal sealed record AcrRequest(int Level, IReadOnlyList<string> Essential, IReadOnlyList<string> Voluntary, bool IsUnknown)
{
    /// <summary>Lower than the level 0 of a reused session.</summary>
    public const int None = -1;

    /// <summary>The level of an unknown name.</summary>
    private const int Lowest = 0;

    public static AcrRequest Nothing { get; } = new(None, [], [], IsUnknown: false);

    public static AcrRequest Read(Realm realm, Client client, string? claims, string? acrValues)
    {
        var levels = client.AcrLevels(realm);
        var (named, isEssential) = ReadClaims(claims);
        List<string> essential = isEssential ? named : [];
        List<string> voluntary = isEssential || named.Count == 0
            ? [.. acrValues?.Split(' ', StringSplitOptions.RemoveEmptyEntries) ?? []]
            : named;
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
            if (text is null
                || JsonNode.Parse(text) is not JsonObject claims
                || claims["id_token"] is not JsonObject token
                || token["acr"] is not JsonObject acr)
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
