namespace KeycloakRealm.Import;

/// <summary>Settings of the realm itself that make Keycloak refuse a file, whether they are honoured here or not.</summary>
internal static class RealmValidation
{
    private static readonly (string Member, string Name)[] NeverNegative =
    [
        ("failureFactor", "Failure factor"), ("maxFailureWaitSeconds", "Maximum failure wait seconds"),
        ("waitIncrementSeconds", "Wait increment seconds"), ("quickLoginCheckMilliSeconds", "Quick login check milliseconds"),
        ("minimumQuickLoginWaitSeconds", "Minimum quick login wait seconds"), ("maxDeltaTimeSeconds", "Maximum delta time seconds"),
        ("maxTemporaryLockouts", "Maximum temporary lockouts"),
    ];

    private static readonly string[] NumericAttributes =
    [
        "cibaExpiresIn", "cibaInterval", "clientSessionIdleTimeout", "clientSessionMaxLifespan", "clientOfflineSessionIdleTimeout",
        "clientOfflineSessionMaxLifespan", "actionTokenGeneratedByUserLifespan",
    ];

    private static readonly HashSet<string> CredentialTypes = new(["password", "cert", "kerberos", "secret"], StringComparer.Ordinal);

    public static void Check(JsonPlace realm)
    {
        foreach (var (member, name) in NeverNegative)
        {
            if (realm.Member(member) is { } place && place.Number(absent: 0) < 0)
            {
                throw place.Refuse($"{name} may not be a negative value");
            }
        }

        foreach (var locale in realm.Items("supportedLocales"))
        {
            if (JsonPlace.FirstReserved(locale.Text()) is { } forbidden)
            {
                throw locale.Refuse($"Character '{forbidden}' not allowed");
            }
        }

        foreach (var credential in realm.Items("requiredCredentials").Where(each => !CredentialTypes.Contains(each.Text())))
        {
            throw credential.Refuse($"Unknown credential type {credential.Text()}");
        }

        CheckHeaders(realm);
        CheckNumbers(realm);
        CheckSender(realm);
        CheckRequiredActions(realm);
        CheckOrganizations(realm);
    }

    private static void CheckHeaders(JsonPlace realm)
    {
        if (realm.Member("browserSecurityHeaders") is not { } headers)
        {
            return;
        }

        foreach (var (_, value) in headers.Members())
        {
            if (value.Text().AsSpan().ContainsAny('\r', '\n'))
            {
                throw value.Refuse("Newline not allowed");
            }
        }
    }

    private static void CheckNumbers(JsonPlace realm)
    {
        if (realm.Member("attributes") is not { } attributes)
        {
            return;
        }

        foreach (var name in NumericAttributes)
        {
            attributes.Number(name, absent: 0);
        }
    }

    private static void CheckSender(JsonPlace realm)
    {
        if (realm.Member("smtpServer") is not { } server || !server.Members().Any())
        {
            return;
        }

        var unicode = server.Flag("allowutf8", absent: false);
        if (!IsAddress(server.Text("from"), unicode))
        {
            throw (server.Member("from") ?? server).Refuse($"Invalid sender address '{server.Text("from")}'");
        }

        if (server.Member("replyTo") is { } reply && reply.Text().Length > 0 && !IsAddress(reply.Text(), unicode))
        {
            throw reply.Refuse($"Invalid reply-to address '{reply.Text()}'");
        }
    }

    private static bool IsAddress(string? text, bool unicode)
    {
        var at = text?.IndexOf('@', StringComparison.Ordinal) ?? -1;
        return at > 0
            && at < text!.Length - 1
            && !text.AsSpan(at + 1).Contains('@')
            && !text.Any(c => char.IsWhiteSpace(c) || c is '<' or '>' or '(' or ')' or ',' or ';' or ':' or '"')
            && (unicode || text.AsSpan(0, at).IndexOfAnyExceptInRange('!', '~') < 0);
    }

    private static void CheckRequiredActions(JsonPlace realm)
    {
        var aliases = new HashSet<string>(StringComparer.Ordinal);
        foreach (var action in realm.Items("requiredActions"))
        {
            if (action.Member("alias") is { } alias && !aliases.Add(alias.Text()))
            {
                throw alias.Refuse($"A Required Action Provider with given alias already exists: {alias.Text()}");
            }
        }
    }

    private static void CheckOrganizations(JsonPlace realm)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        var providers = realm.Items("identityProviders").Select(each => each.Text("alias")).ToHashSet(StringComparer.Ordinal);
        foreach (var organization in realm.Items("organizations"))
        {
            if (!names.Add(organization.Text("name") ?? ""))
            {
                throw organization.Refuse("A organization with the same name already exists");
            }

            foreach (var provider in organization.Items("identityProviders").Where(each => !providers.Contains(each.Text("alias"))))
            {
                throw provider.Refuse($"the identity provider {provider.Text("alias")} does not exist");
            }
        }
    }
}
