using System.Text.Json;

namespace KeycloakRealm.Model;

/// <summary>Which attributes people have, in the order in which forms show them.</summary>
internal sealed class UserProfile(IReadOnlyList<ProfileAttribute> attributes)
{
    public static UserProfile BuiltIn { get; } = new(
    [
        new("username")
        {
            DisplayName = "${username}",
            Validations =
            [
                new("length", JsonElement.Parse("""{"min":3,"max":255}""")),
                new("username-prohibited-characters", default),
                new("up-username-not-idn-homograph", default),
            ],
        },
        new("email")
        {
            DisplayName = "${email}",
            IsRequired = true,
            Validations = [new("length", JsonElement.Parse("""{"max":255}""")), new("email", default)],
        },
        new("firstName")
        {
            DisplayName = "${firstName}",
            IsRequired = true,
            Validations = [new("length", JsonElement.Parse("""{"max":255}""")), new("person-name-prohibited-characters", default)],
        },
        new("lastName")
        {
            DisplayName = "${lastName}",
            IsRequired = true,
            Validations = [new("length", JsonElement.Parse("""{"max":255}""")), new("person-name-prohibited-characters", default)],
        },
    ])
    {
        Groups = [new("user-metadata", "User metadata", "Attributes, which refer to user metadata")],
    };

    public static UserProfile None { get; } = new([]);

    public IReadOnlyList<ProfileAttribute> Attributes => attributes;

    /// <summary>Whether administrators see attributes that are not described here.</summary>
    public bool ShowsUnmanaged { get; init; }

    /// <summary>Those besides names and e-mail address that the admin REST API shows.</summary>
    public IEnumerable<KeyValuePair<string, IReadOnlyList<string>>> ShownToAdministrators(User user) =>
        user.Attributes.Where(each => Find(each.Key) is { } known
            ? known.IsForAdministrators
            : ShowsUnmanaged || each.Key is RequiredActions.AcceptTerms.Attribute or Sessions.BruteForceProtection.Reason);

    /// <summary>Null where the file has no member for them.</summary>
    public IReadOnlyList<ProfileGroup>? Groups { get; init; }

    /// <summary>Whether people have attributes that are not described here, and see and change them.</summary>
    public bool AllowsOthers { get; init; }

    /// <summary>The user name is not checked: Keycloak accepts an imported one as it is.</summary>
    public bool IsMetBy(User user) => attributes.Where(attribute => attribute.Name is not ProfileAttribute.Username)
        .All(attribute => !attribute.Errors([.. user.AttributeValues(attribute.Name).Where(value => value.Length > 0)]).Any());

    public ProfileAttribute? Find(string name) =>
        attributes.FirstOrDefault(attribute => string.Equals(attribute.Name, name, StringComparison.Ordinal));
}
