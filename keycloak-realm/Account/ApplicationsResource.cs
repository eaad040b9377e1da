using System.Text.Json.Nodes;
using KeycloakRealm.Admin;
using KeycloakRealm.Model;
using KeycloakRealm.Pages;

namespace KeycloakRealm.Account;

/// <summary>The clients that a person has used or given something, and what they gave. A consent may be given to any client.</summary>
internal static class ApplicationsResource
{
    private static readonly HashSet<string> Members = new(["grantedScopes", "createdDate", "lastUpdatedDate"], StringComparer.Ordinal);

    public static AdminAnswer List(AccountRequest request)
    {
        var inUse = Clients(request, offline: false);
        var offline = Clients(request, offline: true);
        return AdminAnswer.Ok(inUse.Concat(offline)
            .Concat(request.User.Consents.Values.Select(consent => consent.Client))
            .Concat(request.Site.Realm.Clients.Values.Where(client => client.AlwaysDisplayInConsole))
            .Distinct()
            .Where(client => !client.BearerOnly && IsNamed(client, request.Query("name")))
            .Select(client => Complete(request, client, inUse.Contains(client), offline.Contains(client))));
    }

    public static AdminAnswer ReadConsent(AccountRequest request) => For(request, client =>
        request.User.Consents.TryGetValue(client.Id, out var consent)
            ? AdminAnswer.Ok(Describe(request.Site.Realm, consent))
            : AdminAnswer.NoContent);

    /// <summary>In the place of what was given before.</summary>
    public static AdminAnswer Grant(AccountRequest request) => For(request, client =>
    {
        if (request.Representation("ConsentRepresentation", Members, out var refusal) is not { } body)
        {
            return refusal;
        }

        if (body["grantedScopes"] is not JsonArray granted)
        {
            return AdminAnswer.Broken;
        }

        var scopes = new List<ClientScope>();
        foreach (var item in granted)
        {
            var id = (item as JsonObject)?["id"]?.ToString();
            if (client.DefaultScopes.Concat(client.OptionalScopes)
                .FirstOrDefault(scope => string.Equals(scope.Id, id, StringComparison.Ordinal)) is not { } scope)
            {
                // Keycloak prints the object, with its hash.
                return AdminAnswer.Refused(
                    StatusCodes.Status400BadRequest,
                    $"Scope id org.keycloak.representations.account.ConsentScopeRepresentation@{item?.GetHashCode() ?? 0:x} does not exist "
                        + $"for client {client.Name}.");
            }

            scopes.Add(scope);
        }

        var now = request.Site.Clock.GetUtcNow().ToUnixTimeMilliseconds();
        var names = scopes.Select(scope => scope.Name).Distinct(StringComparer.Ordinal).ToList();
        var consent = request.User.Consents.AddOrUpdate(
            client.Id,
            _ => new Consent(client, names, now, now),
            (_, known) => known with { Items = names, Updated = now });
        return AdminAnswer.Ok(Describe(request.Site.Realm, consent));
    });

    public static AdminAnswer Revoke(AccountRequest request) => For(request, client =>
    {
        ConsentsResource.Revoke(request.Site, request.User, client);
        return AdminAnswer.NoContent;
    });

    /// <summary>As a session names it.</summary>
    public static JsonObject Describe(Client client, bool isInUse = false, bool isOffline = false, bool withDescription = false)
    {
        var json = new JsonObject { ["clientId"] = client.ClientId };
        Set(json, "clientName", client.Name);
        Set(json, "description", withDescription ? client.Description : null);
        json["userConsentRequired"] = client.ConsentRequired;
        json["inUse"] = isInUse;
        json["offlineAccess"] = isOffline;
        return json;
    }

    private static JsonObject Complete(AccountRequest request, Client client, bool isInUse, bool isOffline)
    {
        var json = Describe(client, isInUse, isOffline, withDescription: true);
        Set(json, "rootUrl", client.RootUrl);
        Set(json, "baseUrl", client.BaseUrl);
        Set(json, "effectiveUrl", PageParts.AddressOf(request.Site, client));
        if (request.User.Consents.TryGetValue(client.Id, out var consent))
        {
            json["consent"] = Describe(request.Site.Realm, consent);
            Set(json, "logoUri", client.Attribute("logoUri"));
            Set(json, "policyUri", client.Attribute("policyUri"));
            Set(json, "tosUri", client.Attribute("tosUri"));
        }

        return json;
    }

    private static JsonObject Describe(Realm realm, Consent consent) => new()
    {
        ["grantedScopes"] = new JsonArray([.. consent.Items.Select(item =>
        {
            var (id, text) = item is Consent.ClientItself
                ? (consent.Client.Id, consent.Client.Attribute("consent.screen.text") ?? consent.Client.Name ?? consent.Client.ClientId)
                : (realm.ClientScopes[item].Id, realm.ClientScopes[item].ConsentText ?? item);
            var name = text.Length > 0 ? text : item;
            var shown = Messages.Resolve(name);

            // The misspelt member is Keycloak's.
            return new JsonObject { ["id"] = id, ["name"] = name, ["displayText"] = shown, ["displayTest"] = shown };
        })]),
        ["createdDate"] = consent.Created,
        ["lastUpdatedDate"] = consent.Updated,
    };

    private static AdminAnswer For(AccountRequest request, Func<Client, AdminAnswer> answer)
    {
        var clientId = request.Route("client");
        return request.Site.Realm.FindClient(clientId) is { } client
            ? answer(client)
            : AdminAnswer.Refused(StatusCodes.Status404NotFound, $"No client with clientId: {clientId} found.");
    }

    private static bool IsNamed(Client client, string? part) =>
        part is null || client.Name?.Contains(part, StringComparison.OrdinalIgnoreCase) is true;

    private static List<Client> Clients(AccountRequest request, bool offline) =>
    [
        .. request.Site.Sessions.List(session => session.User == request.User, offline)
            .SelectMany(session => session.Clients.Values.Select(part => part.Client)).Distinct(),
    ];

    private static void Set(JsonObject json, string name, string? value)
    {
        if (value is not null)
        {
            json[name] = value;
        }
    }
}
