using KeycloakRealm.Model;

namespace KeycloakRealm.Import;

internal sealed class ClientReader(Realm realm, KnownFields known, List<string> warnings)
{
    private static readonly HashSet<string> Fields = new(
        ["id", "clientId", "name", "description", "enabled", "secret", "publicClient", "bearerOnly", "standardFlowEnabled",
            "implicitFlowEnabled", "directAccessGrantsEnabled", "serviceAccountsEnabled", "fullScopeAllowed", "frontchannelLogout",
            "notBefore", "rootUrl", "baseUrl", "adminUrl", "redirectUris", "webOrigins", "attributes", "protocolMappers",
            "defaultClientScopes", "optionalClientScopes", "authorizationServicesEnabled", "authorizationSettings",
            "alwaysDisplayInConsole", "surrogateAuthRequired", "access", "protocol", "clientAuthenticatorType",
            "authenticationFlowBindingOverrides", "consentRequired", "defaultRoles", "clientTemplate", "useTemplateConfig",
            "useTemplateScope", "useTemplateMappers", "directGrantsOnly"],
        StringComparer.Ordinal);

    private static readonly HashSet<string> Attributes = new(
        ["pkce.code.challenge.method", "post.logout.redirect.uris", "backchannel.logout.url", "backchannel.logout.session.required",
            "backchannel.logout.revoke.offline.tokens", "frontchannel.logout.url", "frontchannel.logout.session.required",
            "access.token.lifespan", "client.session.idle.timeout", "client.session.max.lifespan", "use.refresh.tokens",
            "client_credentials.use_refresh_token", "client.use.lightweight.access.token.enabled", "access.token.header.type.rfc9068",
            "allow.token.introspection.without.audience.check", "realm_client", "client.secret.creation.time",
            "access.token.signed.response.alg", "id.token.signed.response.alg", "authorization.signed.response.alg",
            "token.endpoint.auth.signing.alg", "use.jwks.string", "jwks.string", "jwt.credential.certificate", "jwt.credential.public.key",
            "jwt.credential.kid", "use.jwks.url", "jwks.url",
            "acr.loa.map", "default.acr.values", "dpop.bound.access.tokens", "standard.token.exchange.enabled",
            "display.on.consent.screen", "consent.screen.text", "exclude.session.state.from.auth.response",
            "exclude.issuer.from.auth.response", "oauth2.device.authorization.grant.enabled",
            "oauth2.device.code.lifespan", "oauth2.device.polling.interval", "login_theme", "logoUri", "policyUri", "tosUri",
            "backchannel.logout.http"],
        StringComparer.Ordinal);

    private readonly ScopeReader _scopes = new(realm, known, warnings);

    public void ReadClient(JsonPlace place, bool builtIn = false)
    {
        known.Check(place, "client", Fields, warnings);
        var clientId = place.Text("clientId");
        if (string.IsNullOrEmpty(clientId))
        {
            // Keycloak creates a client that cannot be named.
            warnings.Add($"{place.Path} has no \"clientId\", and nobody can use it");
            return;
        }

        if (realm.Clients.ContainsKey(clientId))
        {
            throw place.Refuse($"the client {clientId} is there twice");
        }

        if (place.Text("protocol") is { } protocol && protocol is not "openid-connect")
        {
            if (protocol is not "saml")
            {
                throw place.Member("protocol")!.Value.Refuse($"Invalid protocol: {protocol}");
            }

            warnings.Add($"{place.Path} (the client {clientId}) has its roles and nothing else: only openid-connect is spoken");
        }

        if (clientId.Length > 255)
        {
            throw place.Member("clientId")!.Value.Refuse("the name is longer than 255 characters");
        }

        if (place.Member("id") is { } givenId
            && realm.Clients.Values.Any(other => string.Equals(other.Id, givenId.Text(), StringComparison.Ordinal)))
        {
            throw givenId.Refuse($"the id {givenId.Text()} belongs to two clients");
        }

        var hasAuthorization = place.Flag("authorizationServicesEnabled", absent: false)
            || place.Member("authorizationSettings") is not null;
        var attributes = place.TextMap("attributes");
        var redirectUris = place.Texts("redirectUris");
        if (!builtIn)
        {
            ClientValidation.Check(place, realm, attributes);
        }

        var client = new Client
        {
            Id = place.Text("id") ?? StableId.For(realm.Name, "client", clientId),
            ClientId = clientId,
            Name = place.Text("name"),
            Description = place.Text("description"),
            Secret = place.Text("secret"),
            Enabled = place.Flag("enabled", absent: true),
            IsBuiltIn = builtIn,
            IsSaml = place.Text("protocol") is "saml",
            AuthenticatorType = place.Text("clientAuthenticatorType") ?? "client-secret",
            ConsentRequired = place.Flag("consentRequired", absent: false),
            PublicClient = place.Flag("publicClient", absent: false),
            BearerOnly = place.Flag("bearerOnly", absent: false),
            StandardFlowEnabled = place.Flag("standardFlowEnabled", absent: true),
            ImplicitFlowEnabled = place.Flag("implicitFlowEnabled", absent: false),
            DirectAccessGrantsEnabled = place.Flag("directAccessGrantsEnabled", absent: false),

            // Authorization services imply a service account.
            AuthorizationServicesEnabled = hasAuthorization,
            ServiceAccountsEnabled = hasAuthorization || place.Flag("serviceAccountsEnabled", absent: false),

            // A client that requires consent has no full scope, unless the file says so.
            FullScopeAllowed = place.Flag("fullScopeAllowed", absent: !place.Flag("consentRequired", absent: false)),
            AlwaysDisplayInConsole = place.Flag("alwaysDisplayInConsole", absent: false),
            FrontchannelLogout = place.Flag("frontchannelLogout", absent: false),
            NotBefore = place.Number("notBefore", 0),
            RootUrl = place.Text("rootUrl"),
            BaseUrl = place.Text("baseUrl"),
            RedirectUris = redirectUris,
            WebOrigins = place.Member("webOrigins") is null
                ? [.. redirectUris.Select(RedirectUriRules.Origin).OfType<string>().Distinct(StringComparer.Ordinal)]
                : place.Texts("webOrigins"),
            Attributes = attributes,
        };
        realm.Clients.Add(clientId, client);
        if (client.IsSaml)
        {
            return;
        }

        CheckAttributes(place, attributes);
        _scopes.ReadMappers(place, client.Mappers);
        ScopeReader.ShowInUserInfo(client.Mappers);
        AssignScopes(place, client);
    }

    private void CheckAttributes(JsonPlace place, Dictionary<string, string> attributes)
    {
        foreach (var (name, value) in attributes)
        {
            if (value.Length > 0 && value is not "false" && !Attributes.Contains(name))
            {
                warnings.Add($"{place.Path}.attributes['{name}'] is not honoured by the embedded realm");
            }
        }
    }

    /// <summary>Either list replaces both of the realm's defaults.</summary>
    private void AssignScopes(JsonPlace place, Client client)
    {
        if (place.Member("defaultClientScopes") is null && place.Member("optionalClientScopes") is null)
        {
            client.DefaultScopes.AddRange(realm.DefaultScopes);
            client.OptionalScopes.AddRange(realm.OptionalScopes);
            if (place.Text("clientTemplate") is { } template
                && realm.ClientScopes.TryGetValue(ScopeReader.NameOf(template), out var scope)
                && !client.DefaultScopes.Contains(scope))
            {
                client.DefaultScopes.Add(scope);
            }

            return;
        }

        Assign(place, "defaultClientScopes", client.DefaultScopes);
        Assign(place, "optionalClientScopes", client.OptionalScopes);
    }

    private void Assign(JsonPlace place, string member, List<ClientScope> list)
    {
        foreach (var item in place.Items(member))
        {
            if (realm.ClientScopes.TryGetValue(item.Text(), out var scope))
            {
                list.Add(scope);
            }
            else if (!ScopeReader.IsSaml(item.Text()))
            {
                warnings.Add($"{item.Path} names the unknown client scope {item.Text()}, which Keycloak passes over");
            }
        }
    }
}
