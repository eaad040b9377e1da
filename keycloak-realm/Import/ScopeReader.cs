using KeycloakRealm.Model;

namespace KeycloakRealm.Import;

internal sealed class ScopeReader(Realm realm, KnownFields known, List<string> warnings)
{
    private static readonly HashSet<string> ScopeFields = new(
        ["id", "name", "description", "protocol", "attributes", "protocolMappers"], StringComparer.Ordinal);

    private static readonly HashSet<string> MapperFields = new(
        ["id", "name", "protocol", "protocolMapper", "config", "consentRequired", "consentText"], StringComparer.Ordinal);

    // Every export lists these scopes; only SAML clients use them.
    private static readonly HashSet<string> SamlScopes = new(
        ["role_list", "saml_organization", "AuthnContextClassRef"], StringComparer.Ordinal);

    public static bool IsSaml(string name) => SamlScopes.Contains(name);

    /// <summary>What Keycloak before 4 called a client template is a client scope without spaces in its name.</summary>
    public static string NameOf(string template) => template.Replace(' ', '_');

    /// <summary>A mapper of before there was a setting for UserInfo writes there what it writes into ID tokens.</summary>
    public static void ShowInUserInfo(List<ProtocolMapper> mappers)
    {
        for (var i = 0; i < mappers.Count; i++)
        {
            if (mappers[i]["userinfo.token.claim"] is null && mappers[i]["id.token.claim"] is { } shown)
            {
                mappers[i] = mappers[i] with
                {
                    Config = new Dictionary<string, string>(mappers[i].Config, StringComparer.Ordinal) { ["userinfo.token.claim"] = shown },
                };
            }
        }
    }

    public void ReadScope(JsonPlace place, bool isTemplate = false)
    {
        known.Check(place, "clientScope", ScopeFields, warnings);
        var given = place.Text("name") ?? throw place.Refuse("a client scope without a name");
        var name = isTemplate ? NameOf(given) : given;
        if (place.Text("protocol") is { } protocol && protocol is not "openid-connect")
        {
            if (!IsSaml(name))
            {
                warnings.Add($"{place.Path} (the client scope {name}) is not honoured: only openid-connect is spoken");
            }

            return;
        }

        var attributes = place.TextMap("attributes");
        var scope = new ClientScope
        {
            Id = place.Text("id") ?? StableId.For(realm.Name, "client scope", name),
            Name = name,
            IncludeInTokenScope = !string.Equals(attributes.GetValueOrDefault("include.in.token.scope"), "false", StringComparison.Ordinal),
            ConsentText = string.Equals(
                attributes.GetValueOrDefault("display.on.consent.screen"), "false", StringComparison.OrdinalIgnoreCase)
                ? null
                : attributes.GetValueOrDefault("consent.screen.text") is { Length: > 0 } text ? text : name,
        };
        if (!realm.ClientScopes.TryAdd(name, scope))
        {
            throw place.Refuse($"the client scope {name} is there twice");
        }

        ReadMappers(place, scope.Mappers);
    }

    public void ReadMappers(JsonPlace place, List<ProtocolMapper> mappers)
    {
        foreach (var item in place.Items("protocolMappers"))
        {
            known.Check(item, "protocolMapper", MapperFields, warnings);
            var kind = item.Text("protocolMapper") ?? throw item.Refuse("a protocol mapper without \"protocolMapper\"");
            var name = item.Text("name") ?? throw item.Refuse("a protocol mapper without \"name\"");
            if (item.Text("protocol") is null)
            {
                throw item.Refuse("a protocol mapper without \"protocol\"");
            }

            if (mappers.Exists(other => string.Equals(other.Name, name, StringComparison.Ordinal)))
            {
                throw item.Refuse($"Protocol mapper name must be unique per protocol: {name}");
            }

            mappers.Add(new ProtocolMapper(name, kind, item.TextMap("config")));
            if (!Tokens.ClaimMapping.Knows(kind))
            {
                warnings.Add($"{item.Path} ({kind}) is not honoured: the claim will be missing");
            }
        }
    }
}
