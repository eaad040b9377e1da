using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using KeycloakRealm.Admin;
using KeycloakRealm.Endpoints;
using KeycloakRealm.Model;
using KeycloakRealm.Sessions;
using KeycloakRealm.Tokens;

namespace KeycloakRealm.Account;

/// <summary>
/// A call of the account API. Unlike in the admin REST API, the roles of the token decide, not those that the account has now.
/// </summary>
internal sealed class AccountRequest
{
    private readonly JsonObject _claims;
    private readonly HashSet<string> _roles;
    private byte[] _body = [];

    private AccountRequest(HttpContext context, RealmSite site, TokenSubject subject, JsonObject claims)
    {
        Context = context;
        Site = site;
        Client = subject.Client;
        User = subject.User;
        _claims = claims;
        _roles = claims["resource_access"]?[AccountRoles.Client] is JsonObject access
            ? access.Texts("roles").ToHashSet(StringComparer.Ordinal)
            : [];
    }

    public HttpContext Context { get; }

    public RealmSite Site { get; }

    /// <summary>The client that the token was issued to.</summary>
    public Client Client { get; }

    public User User { get; }

    /// <summary>Null without a bearer token of a person that is meant for <c>account</c>.</summary>
    public static AccountRequest? Authenticate(HttpContext context, RealmSite site)
    {
        var (token, bound) = TokenInspection.FromHeader(context);
        if (token is null
            || TokenInspection.Read(site, token) is not { } claims
            || !TokenInspection.IsAccessToken(claims)
            || (claims.Text("typ") is "DPoP" && !TokenInspection.IsHolder(context, site, bound, token, claims))
            || TokenInspection.Resolve(site, claims).Subject is not { User.ServiceAccountOf: null } subject)
        {
            return null;
        }

        if (claims["aud"] is null || claims["resource_access"]?[AccountRoles.Client] is null)
        {
            // A lightweight token does not carry them.
            claims = site.Tokens.Introspect(subject, claims);
        }

        return claims.Texts("aud").Contains(AccountRoles.Client, StringComparer.Ordinal)
            ? new AccountRequest(context, site, subject, claims)
            : null;
    }

    public bool HasAny(IReadOnlyList<string> roles) => roles.Count == 0 || roles.Any(_roles.Contains);

    public bool IsCurrent(UserSession session) => string.Equals(_claims.Text("sid"), session.Id, StringComparison.Ordinal);

    public string? Route(string name) => Context.Request.RouteValues[name] as string;

    public string? Query(string name) => ProtocolForm.FromQuery(Context.Request)[name];

    public async Task ReadBodyAsync()
    {
        using var bytes = new MemoryStream();
        await Context.Request.Body.CopyToAsync(bytes, Context.RequestAborted);
        _body = bytes.ToArray();
    }

    /// <summary>Null where the body is not JSON at all.</summary>
    public JsonNode? Body
    {
        get
        {
            try
            {
                return JsonNode.Parse(_body);
            }
            catch (JsonException)
            {
                return null;
            }
        }
    }

    /// <summary>The body as an object with these members alone, or what Keycloak says against it.</summary>
    public JsonObject? Representation(string name, IReadOnlySet<string> members, out AdminAnswer refusal)
    {
        refusal = AdminAnswer.Unreadable;
        if (_body.Length == 0)
        {
            refusal = AdminAnswer.Broken;
            return null;
        }

        if (Body is not { } body)
        {
            refusal = AdminAnswer.NotJson;
            return null;
        }

        if (FirstUnknown(members) is { } unknown)
        {
            refusal = AdminAnswer.Failed(
                StatusCodes.Status400BadRequest, $"Invalid json representation for {name}. Unrecognized field {unknown}.");
            return null;
        }

        return body as JsonObject;
    }

    /// <summary>With the place that Keycloak names: behind the value, of which it has read the opening quote of a text.</summary>
    private string? FirstUnknown(IReadOnlySet<string> members)
    {
        var reader = new Utf8JsonReader(_body);
        while (reader.Read())
        {
            if (reader.TokenType is not JsonTokenType.PropertyName || reader.CurrentDepth != 1 || reader.GetString() is not { } name)
            {
                continue;
            }

            if (members.Contains(name))
            {
                reader.Skip();
                continue;
            }

            reader.Read();
            var end = (int)(reader.TokenType is JsonTokenType.String ? reader.TokenStartIndex + 1 : reader.BytesConsumed);
            var before = Encoding.UTF8.GetString(_body, 0, end);
            return $"\"{name}\" at line {before.Count(c => c is '\n') + 1} column {end - before.LastIndexOf('\n')}";
        }

        return null;
    }
}
