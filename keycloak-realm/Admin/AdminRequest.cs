using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using KeycloakRealm.Endpoints;
using KeycloakRealm.Import;
using KeycloakRealm.Model;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Routing.Patterns;

namespace KeycloakRealm.Admin;

internal sealed record AdminRequest(HttpContext Context, RealmSite Site, AdminCaller Caller, JsonNode? Body)
{
    private readonly ProtocolForm _query = ProtocolForm.FromQuery(Context.Request);

    public Realm Realm => Site.Realm;

    public bool IsPresent(string name) => Context.Request.RouteValues.ContainsKey(name);

    public User? User => Realm.FindUserById(Route("user"));

    /// <summary>Addressed by the internal id, not by <c>clientId</c>.</summary>
    public Client? Client => Route("client") is { } id
        ? Realm.Clients.Values.FirstOrDefault(client => string.Equals(client.Id, id, StringComparison.Ordinal))
        : null;

    public Group? Group => Route("group") is { } id
        ? Realm.AllGroups().FirstOrDefault(group => string.Equals(group.Id, id, StringComparison.Ordinal))
        : null;

    /// <summary>Read from the raw target, because the framework leaves an encoded slash as it is, and a role's name may hold one.</summary>
    public string? Route(string name)
    {
        var target = Context.Features.Get<IHttpRequestFeature>()?.RawTarget ?? "";
        if (!target.StartsWith('/') || Context.GetEndpoint() is not RouteEndpoint { RoutePattern.PathSegments: var pattern })
        {
            return Context.Request.RouteValues[name] as string;
        }

        var segments = target.Split('?')[0].Split('/', StringSplitOptions.RemoveEmptyEntries);
        for (var i = 0; i < pattern.Count && i < segments.Length; i++)
        {
            if (pattern[i].Parts is [RoutePatternParameterPart parameter] && string.Equals(parameter.Name, name, StringComparison.Ordinal))
            {
                return Uri.UnescapeDataString(segments[i]);
            }
        }

        return null;
    }

    public string? Query(string name) => _query[name];

    public bool Asks(string name) => string.Equals(Query(name), "true", StringComparison.OrdinalIgnoreCase);

    public bool May(params string[] roles) => Caller.HasAny(Site, roles);

    public JsonObject? Representation(string kind, string name, out AdminAnswer refusal)
    {
        refusal = AdminAnswer.Unreadable;
        if (Body is not JsonObject body)
        {
            return null;
        }

        if (RepresentationTypes.FirstUnknown(kind, body.Select(each => each.Key)) is not { } unknown)
        {
            return body;
        }

        refusal = AdminAnswer.Failed(
            StatusCodes.Status400BadRequest, $"Invalid json representation for {name}. Unrecognized field \"{unknown}\".");
        return null;
    }

    public IEnumerable<T> Page<T>(IEnumerable<T> items, int? usual = null)
    {
        var from = items.Skip(Math.Max(Number("first") ?? 0, 0));
        return (Number("max") ?? usual) is { } count and >= 0 ? from.Take(count) : from;
    }

    /// <summary><c>IsJson</c> is true without a body too.</summary>
    public static async Task<(JsonNode? Body, bool IsJson)> ReadBodyAsync(HttpContext context)
    {
        using var bytes = new MemoryStream();
        await context.Request.Body.CopyToAsync(bytes, context.RequestAborted);
        if (bytes.Length == 0)
        {
            return (null, true);
        }

        try
        {
            return (JsonNode.Parse(bytes.ToArray()), true);
        }
        catch (JsonException)
        {
            return (null, false);
        }
    }

    private int? Number(string name) =>
        int.TryParse(Query(name), NumberStyles.Integer, CultureInfo.InvariantCulture, out var value) ? value : null;
}
