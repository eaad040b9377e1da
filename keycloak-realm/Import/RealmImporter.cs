using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using KeycloakRealm.Model;

namespace KeycloakRealm.Import;

/// <summary>Defaults, additions and refusals are Keycloak's.</summary>
internal sealed class RealmImporter
{
    private static readonly HashSet<string> RealmFields = new(
        [
            "id", "realm", "displayName", "displayNameHtml", "enabled", "defaultSignatureAlgorithm", "notBefore", "accessTokenLifespan",
            "accessTokenLifespanForImplicitFlow", "oauth2DeviceCodeLifespan", "oauth2DevicePollingInterval",
            "accessCodeLifespan", "accessCodeLifespanLogin", "ssoSessionIdleTimeout", "ssoSessionMaxLifespan", "clientSessionIdleTimeout",
            "clientSessionMaxLifespan", "offlineSessionIdleTimeout", "revokeRefreshToken", "refreshTokenMaxReuse",
            "loginWithEmailAllowed", "roles", "defaultRole", "groups", "clients", "clientScopes", "defaultDefaultClientScopes",
            "defaultOptionalClientScopes", "scopeMappings", "clientScopeMappings", "users", "components", "attributes",
            // Read elsewhere, or without effect here: flows are warned about one by one, the rest is about looks and records.
            "authenticationFlows", "authenticatorConfig", "keycloakVersion", "requiredActions", "browserSecurityHeaders", "sslRequired",
            "enabledEventTypes", "eventsListeners", "localizationTexts", "clientProfiles", "clientPolicies", "supportedLocales",
            "defaultLocale", "internationalizationEnabled", "smtpServer", "browserFlow", "passwordPolicy", "duplicateEmailsAllowed",
            "registrationAllowed", "defaultRoles", "clientTemplates", "privateKey", "publicKey", "certificate",
            "requiredCredentials", "passwordCredentialGrantAllowed", "identityProviders", "directGrantFlow", "bruteForceProtected",
            "permanentLockout", "maxTemporaryLockouts", "bruteForceStrategy", "maxFailureWaitSeconds", "minimumQuickLoginWaitSeconds",
            "waitIncrementSeconds", "quickLoginCheckMilliSeconds", "maxDeltaTimeSeconds", "failureFactor", "maxSecondaryAuthFailures",
            "otpPolicyType", "otpPolicyAlgorithm",
            "otpPolicyInitialCounter", "otpPolicyDigits", "otpPolicyLookAheadWindow", "otpPolicyPeriod", "otpPolicyCodeReusable",
            "otpSupportedApplications", "editUsernameAllowed", "registrationEmailAsUsername", "resetPasswordAllowed",
            "verifyEmail", "actionTokenGeneratedByUserLifespan", "defaultGroups",
        ],
        StringComparer.Ordinal);

    private static readonly HashSet<string> RoleFields = new(
        ["id", "name", "description", "composite", "composites", "clientRole", "containerId", "attributes"], StringComparer.Ordinal);

    private static readonly HashSet<string> ScopeMappingFields = new(["client", "clientScope", "roles", "self"], StringComparer.Ordinal);

    private static readonly HashSet<string> RealmAttributes = new(
        [
            "parRequestUriLifespan", "clientSessionIdleTimeout", "clientSessionMaxLifespan", "realmReusableOtpCode", "frontendUrl",
            "acr.loa.map", "cibaBackchannelTokenDeliveryMode", "cibaExpiresIn", "cibaInterval", "cibaAuthRequestedUserHint",
            "oauth2DeviceCodeLifespan", "oauth2DevicePollingInterval", "clientOfflineSessionIdleTimeout",
            "clientOfflineSessionMaxLifespan", "organizationsEnabled", "adminPermissionsEnabled", "verifiableCredentialsEnabled",
        ],
        StringComparer.Ordinal);

    private readonly JsonPlace _file;
    private readonly IReadOnlyList<JsonPlace> _userFiles;
    private readonly KnownFields _known = new();
    private readonly List<string> _warnings = [];
    private readonly Realm _realm;
    private readonly HashSet<string> _roleIds = new(StringComparer.Ordinal);
    private readonly Version _version;

    public RealmImporter(JsonPlace file, IReadOnlyList<JsonPlace>? userFiles = null)
    {
        _file = file;
        _userFiles = userFiles ?? [];
        if (file.Element.ValueKind is not JsonValueKind.Object)
        {
            throw file.Refuse("a realm object is expected here");
        }

        RepresentationTypes.Check(file, "realm");
        foreach (var user in _userFiles.SelectMany(each => each.Items("users")))
        {
            RepresentationTypes.Check(user, "user");
        }

        var name = file.Text("realm");
        if (string.IsNullOrWhiteSpace(name))
        {
            throw file.Refuse("Realm name cannot be empty: the member \"realm\" is missing");
        }

        var place = file.Member("realm")!.Value;
        if (JsonPlace.FirstReserved(name) is { } forbidden)
        {
            throw place.Refuse($"Character '{forbidden}' not allowed");
        }

        if (name.Length > 255)
        {
            throw place.Refuse("the name is longer than 255 characters");
        }

        _version = Migrations.VersionOf(file);
        _realm = new Realm { Name = name, Id = file.Text("id") ?? StableId.For(name, "realm", name) };
    }

    public ImportedRealm Import()
    {
        _known.Check(_file, "realm", RealmFields, _warnings);
        RealmValidation.Check(_file);
        ClientPolicyValidation.Check(_file, _warnings);
        using var builtInDocument = ReadBuiltIn();
        var builtIn = new JsonPlace(builtInDocument.RootElement, "(built in)", new Placeholders(given: null));

        ReadSettings();
        ReadScopes(builtIn);
        ReadClients(builtIn);
        ReadRoles(builtIn);
        ReadScopeMappings(_file, builtIn: false);
        ReadScopeMappings(builtIn, builtIn: true);

        var people = new UserReader(_realm, _known, _warnings);
        foreach (var group in _file.Items("groups"))
        {
            people.ReadGroup(group, parent: null);
        }

        foreach (var name in _file.Member("groups") is null ? [] : _file.Items("defaultGroups"))
        {
            _realm.DefaultGroups.Add(_realm.FindGroup(name.Text())
                ?? throw name.Refuse($"default group in realm rep doesn't exist: {name.Text()}"));
        }

        foreach (var user in _file.Items("users"))
        {
            people.ReadUser(user);
        }

        ReadUserFiles();
        AddServiceAccounts();
        new Migrations(_realm, builtIn, new ScopeReader(_realm, _known, _warnings)).Apply(_version);
        var authorization = new AuthorizationReader(_realm, _warnings);
        foreach (var client in _file.Items("clients"))
        {
            authorization.Read(client);
        }

        var components = new ComponentReader(_realm, _known, _warnings);
        var keys = components.Read(_file);
        ReadFlows(builtIn);
        _realm.IdentityProviders = new IdentityProviderReader(_file.Text("sslRequired") ?? "external", _warnings).Read(_file);

        _warnings.AddRange(_file.TakeUnset());
        return new ImportedRealm(_realm, keys, _warnings);
    }

    /// <summary>After the users of the realm file, and before the generated service accounts: Keycloak's order.</summary>
    private void ReadUserFiles()
    {
        foreach (var file in _userFiles)
        {
            if (file.Member("realm") is { } realm && realm.Text() != _realm.Name)
            {
                throw realm.Refuse(
                    $"Trying to import users into invalid realm. Realm name: {_realm.Name}, Expected realm name: {realm.Text()}");
            }

            var people = new UserReader(_realm, _known, _warnings);
            foreach (var user in file.Items("users"))
            {
                people.ReadUser(user);
            }
        }
    }

    private JsonDocument ReadBuiltIn()
    {
        using var stream = typeof(RealmImporter).Assembly.GetManifestResourceStream("built-in-realm.json")!;
        using var reader = new StreamReader(stream);
        var name = JsonEncodedText.Encode(_realm.Name).ToString();
        return JsonDocument.Parse(reader.ReadToEnd().Replace("{realm}", name, StringComparison.Ordinal));
    }

    private void ReadSettings()
    {
        _realm.DisplayName = _file.Text("displayName");
        _realm.DisplayNameHtml = _file.Text("displayNameHtml");
        _realm.Enabled = _file.Flag("enabled", absent: false);
        _realm.DefaultSignatureAlgorithm = _file.Text("defaultSignatureAlgorithm") ?? _realm.DefaultSignatureAlgorithm;
        _realm.NotBefore = _file.Number("notBefore", 0);
        _realm.DeviceCodeLifespan = _file.Number("oauth2DeviceCodeLifespan", _realm.DeviceCodeLifespan);
        _realm.DevicePollingInterval = _file.Number("oauth2DevicePollingInterval", _realm.DevicePollingInterval);
        _realm.AccessTokenLifespan = _file.Number("accessTokenLifespan", _realm.AccessTokenLifespan);
        _realm.AccessTokenLifespanForImplicitFlow = _file.Number(
            "accessTokenLifespanForImplicitFlow", _realm.AccessTokenLifespanForImplicitFlow);
        _realm.AccessCodeLifespan = _file.Number("accessCodeLifespan", _realm.AccessCodeLifespan);
        _realm.AccessCodeLifespanLogin = _file.Number("accessCodeLifespanLogin", _realm.AccessCodeLifespanLogin);
        _realm.SsoSessionIdleTimeout = _file.Number("ssoSessionIdleTimeout", _realm.SsoSessionIdleTimeout);
        _realm.SsoSessionMaxLifespan = _file.Number("ssoSessionMaxLifespan", _realm.SsoSessionMaxLifespan);
        _realm.ClientSessionIdleTimeout = _file.Number("clientSessionIdleTimeout", 0);
        _realm.ClientSessionMaxLifespan = _file.Number("clientSessionMaxLifespan", 0);
        _realm.OfflineSessionIdleTimeout = _file.Number("offlineSessionIdleTimeout", _realm.OfflineSessionIdleTimeout);
        _realm.RevokeRefreshToken = _file.Flag("revokeRefreshToken", absent: false);
        _realm.RefreshTokenMaxReuse = _file.Number("refreshTokenMaxReuse", 0);
        _realm.RegistrationAllowed = _file.Flag("registrationAllowed", absent: false);
        _realm.RegistrationEmailAsUsername = _file.Flag("registrationEmailAsUsername", absent: false);
        _realm.ResetPasswordAllowed = _file.Flag("resetPasswordAllowed", absent: false);
        _realm.VerifyEmail = _file.Flag("verifyEmail", absent: false);
        _realm.ActionTokenLifespan = _file.Number("actionTokenGeneratedByUserLifespan", _realm.ActionTokenLifespan);
        var isTranslated = _file.Flag("internationalizationEnabled", absent: false);
        _realm.SupportedLocales = isTranslated ? [.. _file.Items("supportedLocales").Select(locale => locale.Text())] : [];
        _realm.RequiredActions = RequiredActionReader.Read(_file);
        _realm.OtpPolicy = OtpPolicyReader.Read(_file);
        _realm.PasswordPolicy = PasswordPolicyReader.Read(_file, _warnings);
        _realm.DuplicateEmailsAllowed = _file.Flag("duplicateEmailsAllowed", absent: false);
        _realm.EditUsernameAllowed = _file.Flag("editUsernameAllowed", absent: false);
        _realm.BruteForce = BruteForceReader.Read(_file);
        _realm.LoginWithEmailAllowed = _file.Flag("loginWithEmailAllowed", absent: true);
        if (_file.Member("sslRequired") is { } ssl && ssl.Text().ToUpperInvariant() is not ("ALL" or "EXTERNAL" or "NONE"))
        {
            throw ssl.Refuse($"No enum constant SslRequired.{ssl.Text().ToUpperInvariant()}");
        }

        if (string.Equals(_file.Text("sslRequired"), "all", StringComparison.OrdinalIgnoreCase))
        {
            _warnings.Add("$.sslRequired is \"all\", and the embedded realm answers over plain HTTP all the same");
        }

        foreach (var name in (ReadOnlySpan<string>)["clientProfiles", "clientPolicies", "smtpServer"])
        {
            if (_file.Member(name) is { Element.ValueKind: JsonValueKind.Object } member
                && member.Members().Any(each => each.Value.Element.ValueKind is not (JsonValueKind.Array) || each.Value.Items().Any()))
            {
                _warnings.Add($"{member.Path} is not honoured by the embedded realm");
            }
        }

        if (_file.Member("attributes") is { } attributes)
        {
            _realm.AcrLoaMap = attributes.Text("acr.loa.map");
            _realm.DeviceCodeLifespan = attributes.Number("oauth2DeviceCodeLifespan", _realm.DeviceCodeLifespan);
            _realm.DevicePollingInterval = attributes.Number("oauth2DevicePollingInterval", _realm.DevicePollingInterval);
            _realm.PushedRequestLifespan = attributes.Number("parRequestUriLifespan", _realm.PushedRequestLifespan);
            foreach (var (name, value) in attributes.Members())
            {
                if (!RealmAttributes.Contains(name) && !name.StartsWith('_'))
                {
                    _warnings.Add($"{value.Path} is not honoured by the embedded realm");
                }
            }
        }
    }

    private void ReadScopes(JsonPlace builtIn)
    {
        // Keycloak before 4 called them client templates.
        var member = _file.Member("clientTemplates") is null ? "clientScopes" : "clientTemplates";
        var given = _file.Member(member) is not null;
        var reader = new ScopeReader(_realm, _known, _warnings);
        foreach (var scope in given ? _file.Items(member) : builtIn.Items("clientScopes"))
        {
            reader.ReadScope(scope, isTemplate: given && member is "clientTemplates");
        }

        if (!_realm.ClientScopes.ContainsKey("offline_access"))
        {
            // Keycloak creates this one scope even where the file lists all others.
            _realm.ClientScopes["offline_access"] = new ClientScope
            {
                Id = StableId.For(_realm.Name, "client scope", "offline_access"),
                Name = "offline_access",
                ConsentText = "${offlineAccessScopeConsentText}",
            };
            _realm.OptionalScopes.Add(_realm.ClientScopes["offline_access"]);
        }

        // Without clientScopes, Keycloak ignores the file's defaults, because the scopes do not exist yet.
        var source = given ? _file : builtIn;
        if (!given && (_file.Member("defaultDefaultClientScopes") ?? _file.Member("defaultOptionalClientScopes")) is { } ignored)
        {
            _warnings.Add($"{ignored.Path} is ignored as Keycloak ignores it: without clientScopes the built-in defaults apply");
        }

        foreach (var (defaults, list) in (ReadOnlySpan<(string, List<ClientScope>)>)
            [("defaultDefaultClientScopes", _realm.DefaultScopes), ("defaultOptionalClientScopes", _realm.OptionalScopes)])
        {
            foreach (var item in source.Items(defaults))
            {
                if (_realm.ClientScopes.TryGetValue(item.Text(), out var scope))
                {
                    if (!list.Contains(scope))
                    {
                        list.Add(scope);
                    }
                }
                else if (given && !ScopeReader.IsSaml(item.Text()))
                {
                    _warnings.Add($"{item.Path} names the unknown client scope {item.Text()}, which Keycloak passes over");
                }
            }
        }
    }

    private void ReadClients(JsonPlace builtIn)
    {
        var reader = new ClientReader(_realm, _known, _warnings);
        foreach (var client in _file.Items("clients"))
        {
            reader.ReadClient(client);
        }

        // Keycloak sets both clients of the account up together, and one that it did not know yet with a file of before version 9.
        var hasAccount = _realm.FindClient("account") is not null && _version >= new Version(9, 0, 0);
        foreach (var client in builtIn.Items("clients"))
        {
            if (_realm.FindClient(client.Text("clientId")) is null && !(hasAccount && client.Text("clientId") is "account-console"))
            {
                reader.ReadClient(client, builtIn: true);
                if (_file.Member("clientScopes") is not null)
                {
                    // Keycloak makes its clients before it reads the scopes.
                    var made = _realm.FindClient(client.Text("clientId"))!;
                    made.DefaultScopes.Clear();
                    made.OptionalScopes.Clear();
                }
            }
        }
    }

    private void ReadRoles(JsonPlace builtIn)
    {
        var composites = new List<(RealmRole Role, JsonPlace Composites)>();
        var listedClients = new HashSet<string>(
            _file.Items("clients").Select(client => client.Text("clientId") ?? ""), StringComparer.Ordinal);
        var defaultRole = _file.Member("defaultRole")?.Text("name") ?? FreeDefaultRole();

        ReadRoles(_file, composites, _ => true);
        var added = new HashSet<RealmRole>();
        ReadRoles(builtIn, composites, client => client is null || !listedClients.Contains(client), added);

        if (!_realm.Roles.TryGetValue(defaultRole, out var role))
        {
            role = AddRole(_realm.Roles, defaultRole, "${role_default-roles}", client: null, id: null);
        }

        _realm.DefaultRole = role;

        // Keycloak adds to the default role what it created itself. It creates offline_access before it reads the file's roles, unless
        // the file has the scope of that name.
        // A role that the file names anywhere is there before it would be created for everybody.
        var isNamed = _file.Items("users").SelectMany(user => user.Texts("realmRoles"))
            .Concat(_file.Items("scopeMappings").SelectMany(mapping => mapping.Texts("roles")))
            .Contains("uma_authorization", StringComparer.Ordinal);
        role.Composites.UnionWith(added.Where(each =>
            each.Client is null && (each.Name is "offline_access" || (each.Name is "uma_authorization" && !isNamed))));
        if (!_file.Items("clientScopes").Any(scope => scope.Text("name") is "offline_access"))
        {
            role.Composites.Add(_realm.Roles["offline_access"]);
        }

        role.Composites.UnionWith(added.Where(each =>
            each.Client?.ClientId is "account" && each.Name is "view-profile" or "manage-account"));

        AddDefaultRoles();
        foreach (var (owner, members) in composites)
        {
            foreach (var realmRole in members.Items("realm"))
            {
                owner.Composites.Add(_realm.Roles.GetValueOrDefault(realmRole.Text())
                    ?? throw realmRole.Refuse($"Unable to find composite realm role: {realmRole.Text()}"));
            }

            if (members.Member("client") is not { } byClient)
            {
                continue;
            }

            foreach (var (clientId, names) in byClient.Members())
            {
                var client = _realm.FindClient(clientId) ?? throw names.Refuse($"App doesn't exist in role definitions: {clientId}");
                foreach (var name in names.Items())
                {
                    owner.Composites.Add(client.Roles.GetValueOrDefault(name.Text())
                        ?? throw name.Refuse($"Unable to find composite client role: {name.Text()}"));
                }
            }
        }
    }

    /// <summary>Before version 13 a realm and each client listed what everybody has; a role that is missing is made.</summary>
    private void AddDefaultRoles()
    {
        foreach (var name in _file.Texts("defaultRoles"))
        {
            _realm.DefaultRole.Composites.Add(FindOrAdd(_realm.Roles, name, client: null));
        }

        foreach (var place in _file.Items("clients"))
        {
            if (_realm.FindClient(place.Text("clientId")) is { } client)
            {
                _realm.DefaultRole.Composites.UnionWith(
                    place.Texts("defaultRoles").Select(name => FindOrAdd(client.Roles, name, client)));
            }
        }
    }

    private RealmRole FindOrAdd(Dictionary<string, RealmRole> container, string name, Client? client) =>
        container.TryGetValue(name, out var known) ? known : AddRole(container, name, description: null, client, id: null);

    /// <summary>Keycloak appends a number where the usual name is taken.</summary>
    private string FreeDefaultRole()
    {
        var usual = "default-roles-" + _realm.Name.ToLowerInvariant();
        var taken = _file.Member("roles")?.Items("realm").Select(role => role.Text("name")).ToHashSet(StringComparer.Ordinal) ?? [];
        var name = usual;
        for (var i = 1; taken.Contains(name); i++)
        {
            name = string.Create(CultureInfo.InvariantCulture, $"{usual}-{i}");
        }

        return name;
    }

    private void ReadRoles(
        JsonPlace source,
        List<(RealmRole Role, JsonPlace Composites)> composites,
        Func<string?, bool> wanted,
        HashSet<RealmRole>? added = null)
    {
        if (source.Member("roles") is not { } roles)
        {
            return;
        }

        foreach (var place in roles.Items("realm"))
        {
            ReadRole(place, _realm.Roles, client: null, composites, added);
        }

        if (roles.Member("client") is not { } byClient)
        {
            return;
        }

        foreach (var (clientId, list) in byClient.Members())
        {
            if (!wanted(clientId))
            {
                continue;
            }

            var client = _realm.FindClient(clientId) ?? throw list.Refuse($"App doesn't exist in role definitions: {clientId}");
            foreach (var place in list.Items())
            {
                ReadRole(place, client.Roles, client, composites, added);
            }
        }
    }

    private void ReadRole(
        JsonPlace place,
        Dictionary<string, RealmRole> container,
        Client? client,
        List<(RealmRole Role, JsonPlace Composites)> composites,
        HashSet<RealmRole>? added)
    {
        _known.Check(place, "role", RoleFields, _warnings);
        if (place.Text("name") is not { } name)
        {
            // Keycloak creates a role that cannot be named.
            _warnings.Add($"{place.Path} has no \"name\", and nobody can have it");
            return;
        }

        if (container.ContainsKey(name))
        {
            if (added is not null)
            {
                return;
            }

            throw place.Refuse($"the role {name} is there twice");
        }

        if (place.Member("id") is { } id && !_roleIds.Add(id.Text()))
        {
            throw id.Refuse($"the id {id.Text()} belongs to two roles");
        }

        var role = AddRole(container, name, place.Text("description"), client, place.Text("id"));
        added?.Add(role);
        if (place.Member("composites") is { } members)
        {
            composites.Add((role, members));
        }
    }

    private RealmRole AddRole(Dictionary<string, RealmRole> container, string name, string? description, Client? client, string? id)
    {
        var role = new RealmRole
        {
            Id = id ?? StableId.For(_realm.Name, "role", $"{client?.ClientId}/{name}"),
            Name = name,
            Description = description,
            Client = client,
        };
        container.Add(name, role);
        return role;
    }

    private void ReadScopeMappings(JsonPlace source, bool builtIn)
    {
        foreach (var mapping in source.Items("scopeMappings"))
        {
            ReadScopeMapping(mapping, _realm.Roles, builtIn);
        }

        if (source.Member("clientScopeMappings") is not { } byClient)
        {
            return;
        }

        foreach (var (clientId, mappings) in byClient.Members())
        {
            var client = _realm.FindClient(clientId)
                ?? throw mappings.Refuse($"Unable to find client role mappings for client: {clientId}");
            foreach (var mapping in mappings.Items())
            {
                ReadScopeMapping(mapping, client.Roles, builtIn, client);
            }
        }
    }

    private void ReadScopeMapping(JsonPlace mapping, Dictionary<string, RealmRole> roles, bool builtIn, Client? owner = null)
    {
        _known.Check(mapping, "scopeMapping", ScopeMappingFields, _warnings);
        HashSet<RealmRole>? target = null;
        if (mapping.Text("client") is { } clientId)
        {
            target = _realm.FindClient(clientId)?.ScopeMappings
                ?? (builtIn ? null : throw mapping.Refuse($"Unknown client specification in scope mappings: {clientId}"));
        }
        else if (mapping.Text("clientScope") is { } scope)
        {
            target = _realm.ClientScopes.GetValueOrDefault(scope)?.ScopeMappings
                ?? (builtIn || ScopeReader.IsSaml(scope)
                    ? null
                    : throw mapping.Refuse($"Unknown clientScope specification in scope mappings: {scope}"));
        }
        else
        {
            throw mapping.Refuse("Either client or clientScope needs to be specified in scope mappings");
        }

        foreach (var name in mapping.Items("roles"))
        {
            if (!roles.TryGetValue(name.Text(), out var role))
            {
                if (builtIn)
                {
                    continue;
                }

                // Created without a warning, as in Keycloak.
                role = AddRole(roles, name.Text(), description: null, owner, id: null);
            }

            target?.Add(role);
        }
    }

    private void AddServiceAccounts()
    {
        foreach (var client in _realm.Clients.Values.Where(client => client is { ServiceAccountsEnabled: true, ServiceAccount: null }))
        {
            var username = "service-account-" + client.ClientId.ToLowerInvariant();
            var user = new User
            {
                Id = StableId.For(_realm.Name, "user", username),
                Username = username,
                Enabled = true,
                ServiceAccountOf = client,
            };
            user.Roles.Add(_realm.DefaultRole);
            if (client.AuthorizationServicesEnabled)
            {
                user.Roles.Add(FindOrAdd(client.Roles, ResourceServer.ProtectionRole, client));
            }

            if (!_realm.Users.TryAdd(username, user))
            {
                throw new RealmFileException("$.users", $"the user name {username} is needed for the service account of {client.ClientId}");
            }

            client.ServiceAccount = user;
            if (_realm.ClientScopes.TryGetValue("service_account", out var scope) && !client.DefaultScopes.Contains(scope))
            {
                client.DefaultScopes.Add(scope);
            }
        }

        foreach (var client in _realm.Clients.Values)
        {
            if (client is { PublicClient: false, BearerOnly: false, Secret: null })
            {
                client.Secret = RandomNumberGenerator.GetString("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789", 86);
            }
        }
    }

    /// <summary>Flows that no sign-in uses are ignored.</summary>
    private void ReadFlows(JsonPlace builtIn)
    {
        FlowValidation.Check(_file);
        var reader = new FlowReader(_realm.Name, _file, builtIn, _warnings);
        _realm.BrowserFlow = reader.ForRealm(_file.Text("browserFlow"), "browser");
        _realm.DirectGrantFlow = reader.ForRealm(_file.Text("directGrantFlow"), "direct grant");
        foreach (var place in _file.Items("clients"))
        {
            if (place.Member("authenticationFlowBindingOverrides") is not { } overrides
                || _realm.FindClient(place.Text("clientId")) is not { } client)
            {
                continue;
            }

            client.BrowserFlow = Override(overrides, "browser");
            client.DirectGrantFlow = Override(overrides, "direct_grant");
        }

        AuthenticationFlow? Override(JsonPlace overrides, string binding) =>
            overrides.Member(binding) is { } flow && flow.Text().Length > 0 ? reader.ForClient(flow, binding) : null;
    }
}
