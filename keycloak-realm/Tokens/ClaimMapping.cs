using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using KeycloakRealm.Model;

namespace KeycloakRealm.Tokens;

internal sealed class ClaimMapping(Realm realm, string serverUrl)
{
    private delegate void Write(ClaimMapping mapping, ProtocolMapper mapper, TokenSubject subject, JsonObject claims);

    // Keycloak's priorities: role names before roles, then the audience from roles. Hardcoded claims are last, because they overwrite.
    private static readonly Dictionary<string, (int Order, Write? Write)> Kinds = new(StringComparer.Ordinal)
    {
        ["oidc-sub-mapper"] = (0, (_, _, subject, claims) => claims["sub"] = subject.User.Id),
        ["oidc-acr-mapper"] = (0, (mapping, _, subject, claims) => claims["acr"] = AcrClaim.Of(
            mapping.Realm, subject.Client, subject.ClientSession)),
        ["oidc-allowed-origins-mapper"] = (0, (mapping, _, subject, claims) => mapping.WriteOrigins(subject, claims)),
        ["oidc-audience-mapper"] = (
            0, (_, mapper, _, claims) => AddAudience(claims, mapper["included.client.audience"] ?? mapper["included.custom.audience"])),
        ["oidc-full-name-mapper"] = (0, (_, _, subject, claims) => WriteFullName(subject, claims)),
        ["oidc-usermodel-property-mapper"] = (0, (_, mapper, subject, claims) => WriteProperty(mapper, subject, claims)),
        ["oidc-usermodel-attribute-mapper"] = (
            0,
            (_, mapper, subject, claims) =>
                WriteList(mapper, claims, subject.User.AttributeValues(mapper["user.attribute"] ?? "", mapper.Is("aggregate.attrs")))),
        ["oidc-usersessionmodel-note-mapper"] = (0, (_, mapper, subject, claims) => WriteNote(mapper, subject, claims)),
        ["oidc-group-membership-mapper"] = (0, (_, mapper, subject, claims) => WriteGroups(mapper, subject, claims)),
        ["oidc-address-mapper"] = (0, (_, mapper, subject, claims) => WriteAddress(mapper, subject, claims)),
        ["oidc-session-state-mapper"] = (0, (_, _, subject, claims) => WriteSessionState(subject, claims)),
        ["oidc-nonce-backwards-compatible-mapper"] = (0, (_, _, subject, claims) => WriteNonce(subject, claims)),
        ["oidc-role-name-mapper"] = (10, null),
        ["oidc-hardcoded-role-mapper"] = (20, null),
        ["oidc-audience-resolve-mapper"] = (30, (_, _, subject, claims) => ResolveAudience(subject, claims)),
        ["oidc-usermodel-realm-role-mapper"] = (40, (_, mapper, subject, claims) => WriteRealmRoles(mapper, subject, claims)),
        ["oidc-usermodel-client-role-mapper"] = (40, (_, mapper, subject, claims) => WriteClientRoles(mapper, subject, claims)),
        ["oidc-hardcoded-claim-mapper"] = (50, (_, mapper, _, claims) => WriteHardcoded(mapper, claims)),

        // Organizations are off by default, and a realm that enables them gets a warning.
        ["oidc-organization-membership-mapper"] = (0, null),
    };

    // Claims that no mapper may replace.
    private static readonly HashSet<string> Fixed = new(["iss", "exp", "iat", "jti", "typ", "azp", "sid", "scope"], StringComparer.Ordinal);

    private Realm Realm => realm;

    public static bool Knows(string kind) => Kinds.ContainsKey(kind);

    public static int Order(string kind) => Kinds.TryGetValue(kind, out var entry) ? entry.Order : 0;

    public void Apply(TokenSubject subject, TokenKind kind, JsonObject claims)
    {
        foreach (var mapper in subject.Mappers)
        {
            if (Kinds.TryGetValue(mapper.Kind, out var entry) && entry.Write is { } write && IsFor(mapper, kind))
            {
                write(this, mapper, subject, claims);
            }
        }

        if (kind is TokenKind.UserInfo)
        {
            // What is about the sign-in and not about the person: Keycloak's UserInfo has no place for it.
            claims.Remove("auth_time");
        }
    }

    private static bool IsFor(ProtocolMapper mapper, TokenKind kind) => kind switch
    {
        // These two mappers are older than the setting, so they write by default.
        TokenKind.Access when mapper.Kind is "oidc-audience-resolve-mapper" or "oidc-allowed-origins-mapper" =>
            mapper["access.token.claim"] is null || mapper.Is("access.token.claim"),
        TokenKind.Access => mapper.Is("access.token.claim"),
        TokenKind.LightweightAccess => mapper.Is("lightweight.claim"),
        TokenKind.Id =>
            mapper.Is("id.token.claim")
            && mapper.Kind is not ("oidc-sub-mapper" or "oidc-allowed-origins-mapper" or "oidc-audience-resolve-mapper"),
        TokenKind.UserInfo => !IsTokenOnly(mapper)
            && (mapper["userinfo.token.claim"] is null
                ? mapper.Is("id.token.claim")
                : mapper.Is("userinfo.token.claim")),
        TokenKind.Introspection => mapper["introspection.token.claim"] is null
            ? IsFor(mapper, TokenKind.Access)
            : mapper.Is("introspection.token.claim"),
        _ => false,
    };

    private static bool IsTokenOnly(ProtocolMapper mapper) => mapper.Kind
        is "oidc-acr-mapper" or "oidc-audience-mapper" or "oidc-audience-resolve-mapper" or "oidc-sub-mapper"
            or "oidc-allowed-origins-mapper";

    private static void AddAudience(JsonObject claims, string? audience)
    {
        if (audience is null)
        {
            return;
        }

        var all = claims.Texts("aud");
        if (!all.Contains(audience, StringComparer.Ordinal))
        {
            all.Add(audience);
            claims.SetTexts("aud", all);
        }
    }

    private static void ResolveAudience(TokenSubject subject, JsonObject claims)
    {
        foreach (var clientId in subject.Roles.Clients.Where(each => each.Value.Count > 0).Select(each => each.Key))
        {
            if (!string.Equals(clientId, subject.Client.ClientId, StringComparison.Ordinal))
            {
                AddAudience(claims, clientId);
            }
        }
    }

    private void WriteOrigins(TokenSubject subject, JsonObject claims)
    {
        var origins = RedirectUriRules.WebOrigins(subject.Client, serverUrl);
        if (origins.Count > 0)
        {
            claims["allowed-origins"] = Json.List(origins);
        }
    }

    private static void WriteFullName(TokenSubject subject, JsonObject claims)
    {
        if (subject.User.FullName is { Length: > 0 } name)
        {
            claims["name"] = name;
        }
    }

    private static void WriteSessionState(TokenSubject subject, JsonObject claims)
    {
        if (subject.Session is { } session)
        {
            claims["session_state"] = session.Id;
        }
    }

    private static void WriteNonce(TokenSubject subject, JsonObject claims)
    {
        if (subject.ClientSession?.Nonce is { } nonce)
        {
            claims["nonce"] = nonce;
        }
    }

    private static void WriteProperty(ProtocolMapper mapper, TokenSubject subject, JsonObject claims)
    {
        var user = subject.User;
        var value = mapper["user.attribute"] switch
        {
            "id" => user.Id,
            "username" => user.Username,
            "email" => user.Email,
            "firstName" => user.FirstName,
            "lastName" => user.LastName,
            "emailVerified" => user.EmailVerified ? "true" : "false",
            "enabled" => user.Enabled ? "true" : "false",
            _ => null,
        };
        if (value is not null)
        {
            WriteOne(mapper, claims, value);
        }
    }

    private static void WriteNote(ProtocolMapper mapper, TokenSubject subject, JsonObject claims)
    {
        if (mapper["user.session.note"] is { } name && subject.Note(name) is { } value)
        {
            WriteOne(mapper, claims, value);
        }
    }

    private static void WriteGroups(ProtocolMapper mapper, TokenSubject subject, JsonObject claims)
    {
        var full = !string.Equals(mapper["full.path"], "false", StringComparison.OrdinalIgnoreCase);
        if (subject.User.Groups.Count > 0)
        {
            Join(claims, mapper["claim.name"], Json.List(subject.User.Groups.Select(group => full ? group.Path : group.Name)));
        }
    }

    private static void WriteAddress(ProtocolMapper mapper, TokenSubject subject, JsonObject claims)
    {
        var address = new JsonObject();
        foreach (var (member, key, usual) in (ReadOnlySpan<(string, string, string)>)
            [("formatted", "user.attribute.formatted", "formatted"), ("street_address", "user.attribute.street", "street"),
                ("locality", "user.attribute.locality", "locality"), ("region", "user.attribute.region", "region"),
                ("postal_code", "user.attribute.postal_code", "postal_code"), ("country", "user.attribute.country", "country")])
        {
            if (subject.User.AttributeValues(mapper[key] ?? usual) is [var value, ..])
            {
                address[member] = value;
            }
        }

        if (address.Count > 0)
        {
            claims["address"] = address;
        }
    }

    private static void WriteRealmRoles(ProtocolMapper mapper, TokenSubject subject, JsonObject claims) =>
        WriteRoles(mapper, mapper["claim.name"], mapper["usermodel.realmRoleMapping.rolePrefix"], subject.Roles.Realm, claims);

    private static void WriteClientRoles(ProtocolMapper mapper, TokenSubject subject, JsonObject claims)
    {
        var name = mapper["claim.name"];
        var prefix = mapper["usermodel.clientRoleMapping.rolePrefix"];
        if (mapper["usermodel.clientRoleMapping.clientId"] is { } one)
        {
            if (subject.Roles.Clients.TryGetValue(one, out var roles))
            {
                WriteRoles(mapper, ForClient(name, one), prefix, roles, claims);
            }
        }
        else if (name?.Contains("${client_id}", StringComparison.Ordinal) is true)
        {
            foreach (var (clientId, roles) in subject.Roles.Clients)
            {
                WriteRoles(mapper, ForClient(name, clientId), prefix, roles, claims);
            }
        }
        else
        {
            WriteRoles(mapper, name, prefix, [.. subject.Roles.Clients.Values.SelectMany(each => each)], claims);
        }
    }

    /// <summary>The dots of a client id do not nest.</summary>
    private static string? ForClient(string? name, string clientId) =>
        name?.Replace("${client_id}", clientId.Replace(".", "\\.", StringComparison.Ordinal), StringComparison.Ordinal);

    private static void WriteRoles(ProtocolMapper mapper, string? claim, string? prefix, List<string> roles, JsonObject claims)
    {
        if (roles.Count == 0)
        {
            return;
        }

        var names = prefix is null ? roles : [.. roles.Select(role => prefix + role)];
        if (mapper.Is("multivalued"))
        {
            Join(claims, claim, Json.List(names));
        }
        else
        {
            Set(claims, claim, JsonValue.Create(names[0]));
        }
    }

    private static void WriteHardcoded(ProtocolMapper mapper, JsonObject claims)
    {
        if (mapper["claim.value"] is { } value)
        {
            WriteOne(mapper, claims, value);
        }
    }

    /// <summary>A value that is one by its nature becomes a list only where another mapper wrote the claim before.</summary>
    private static void WriteOne(ProtocolMapper mapper, JsonObject claims, string value)
    {
        if (Typed(value, mapper["jsonType.label"]) is not { } typed)
        {
            return;
        }

        if (mapper.Is("multivalued"))
        {
            Join(claims, mapper["claim.name"], typed);
        }
        else
        {
            Set(claims, mapper["claim.name"], typed);
        }
    }

    private static void WriteList(ProtocolMapper mapper, JsonObject claims, IReadOnlyList<string> values)
    {
        var type = mapper["jsonType.label"];
        var typed = values.Select(value => Typed(value, type)).Where(value => value is not null).ToList();
        if (typed.Count == 0)
        {
            return;
        }

        if (mapper.Is("multivalued"))
        {
            Join(claims, mapper["claim.name"], new JsonArray([.. typed]));
        }
        else
        {
            Set(claims, mapper["claim.name"], typed[0]);
        }
    }

    private static JsonNode? Typed(string value, string? type)
    {
        switch (type)
        {
            case "int" or "long":
                return long.TryParse(value, NumberStyles.Integer, CultureInfo.InvariantCulture, out var number)
                    ? JsonValue.Create(number)
                    : null;
            case "boolean":
                return JsonValue.Create(string.Equals(value, "true", StringComparison.OrdinalIgnoreCase));
            case "JSON":
                try
                {
                    return JsonNode.Parse(value);
                }
                catch (JsonException)
                {
                    return null;
                }

            default:
                return JsonValue.Create(value);
        }
    }

    /// <summary>After what mappers before it wrote into the claim; what is there already is not added again.</summary>
    private static void Join(JsonObject claims, string? name, JsonNode value)
    {
        if (name is null or "aud" || Fixed.Contains(name))
        {
            Set(claims, name, value);
            return;
        }

        var (target, member) = Target(claims, name);
        if (target[member] is not { } before)
        {
            target[member] = value;
            return;
        }

        JsonArray all = [.. Elements(before)];
        foreach (var each in Elements(value))
        {
            if (!all.Any(known => JsonNode.DeepEquals(known, each)))
            {
                all.Add(each);
            }
        }

        target[member] = all;
    }

    private static IEnumerable<JsonNode?> Elements(JsonNode value) =>
        value is JsonArray list ? list.Select(each => each?.DeepClone()) : [value.DeepClone()];

    private static void Set(JsonObject claims, string? name, JsonNode? value)
    {
        if (name is null || Fixed.Contains(name))
        {
            return;
        }

        if (name is "aud" && value is JsonValue audience)
        {
            AddAudience(claims, audience.ToString());
            return;
        }

        var (target, member) = Target(claims, name);
        target[member] = value;
    }

    /// <summary>A dot in the claim's name nests, <c>\.</c> does not.</summary>
    private static (JsonObject Object, string Member) Target(JsonObject claims, string name)
    {
        var steps = name.Replace("\\.", "\0", StringComparison.Ordinal).Split('.').Select(step => step.Replace('\0', '.')).ToList();
        var target = claims;
        foreach (var step in steps.Take(steps.Count - 1))
        {
            if (target[step] is not JsonObject inner)
            {
                target[step] = inner = [];
            }

            target = inner;
        }

        return (target, steps[^1]);
    }
}
