namespace Api.Tests.Permissions;

/// <summary>
/// The truth table: what Keycloak says of somebody, the rules, a token and a requirement, and what follows. A quotation mark
/// stands for what the row above has in that column, and a line that begins with a bar continues the row above;
/// <see cref="Notation"/> says how the columns are written.
/// </summary>
internal static class DecisionTable
{
    /// <summary>
    /// who | roles | mappings | groups | direct memberships | scopes | requirement | answer | memberships
    /// </summary>
    public const string Rows = """
        -- One role of each kind leads into a group, and the group grants.
        person  | staff                | staff>readers                | readers +book:view | | | book:view | Allowed         | readers<staff
        "       | acme-api/book-reader | acme-api/book-reader>readers | "       | | | " | Allowed           | readers<acme-api/book-reader
        "       | other-api/book-reader | other-api/book-reader>readers | "       | | | " | Allowed          | readers<other-api/book-reader
        "       | /operations/leads    | /operations/leads>readers    | "       | | | " | Allowed           | readers</operations/leads
        service | staff                | staff>readers                | "       | | | " | Allowed           | readers<staff
        "       | acme-api/book-reader | acme-api/book-reader>readers | "       | | | " | Allowed           | readers<acme-api/book-reader
        "       | /operations/leads    | /operations/leads>readers    | "       | | | " | Allowed           | readers</operations/leads
        person  |                      | staff>readers                | "       | | | " | PermissionMissing |
        "       | staff                |                              | "       | | | " | PermissionMissing |
        "       | staff                | clerk>readers                | "       | | | " | PermissionMissing |
        "       | staff                | staff>readers                | readers | | | " | PermissionMissing | readers<staff
        "       | staff                | "                           | readers +book:view | | | book:add | PermissionMissing | readers<staff
        "       | staff                | "                            | "       | | | author:view | PermissionMissing | readers<staff

        -- Realm roles, client roles and Keycloak groups of one name are three things, and clients are told apart.
        person | staff                   | acme-api/staff>g    | g +book:view | | | book:view | PermissionMissing |
        "      | staff                   | group:staff>g       | "            | | | "         | PermissionMissing |
        "      | acme-api/staff          | staff>g             | "            | | | "         | PermissionMissing |
        "      | acme-api/staff          | group:staff>g       | "            | | | "         | PermissionMissing |
        "      | acme-api/staff          | other-api/staff>g   | "            | | | "         | PermissionMissing |
        "      | acme-api/staff          | ACME-API/staff>g    | "            | | | "         | PermissionMissing |
        "      | group:staff             | staff>g             | "            | | | "         | PermissionMissing |
        "      | group:staff             | acme-api/staff>g    | "            | | | "         | PermissionMissing |
        "      | realm:/operations       | /operations>g       | "            | | | "         | PermissionMissing |
        "      | /operations             | realm:/operations>g | "            | | | "         | PermissionMissing |
        "      | realm:/operations       | realm:/operations>g | "            | | | "         | Allowed           | g<realm:/operations
        "      | group:staff             | group:staff>g       | "            | | | "         | Allowed           | g<group:staff
        "      | realm:acme-api/staff    | acme-api/staff>g    | "            | | | "         | PermissionMissing |
        -- Patterns do not mix kinds either.
        "      | acme-api/book-reader    | book-*>g            | "            | | | "         | PermissionMissing |
        "      | book-reader             | acme-api/book-*>g   | "            | | | "         | PermissionMissing |
        "      | other-api/book-reader   | acme-api/book-*>g   | "            | | | "         | PermissionMissing |
        "      | realm:/operations/leads | /operations/*>g     | "            | | | "         | PermissionMissing |
        "      | acme-api//operations/x  | /operations/*>g     | "            | | | "         | PermissionMissing |

        -- Case counts, space counts, and no name is cut short.
        person | Staff                | staff>g              | g +book:view | | | book:view | PermissionMissing |
        "      | staff                | STAFF>g              | "            | | | "         | PermissionMissing |
        "      | staffs               | staff>g              | "            | | | "         | PermissionMissing |
        "      | staf                 | staff>g              | "            | | | "         | PermissionMissing |
        "      | straße               | strasse>g            | "            | | | "         | PermissionMissing |
        "      | straße               | straße>g             | "            | | | "         | Allowed           | g<straße
        "      | acme-api/Book-Reader | acme-api/book-*>g    | "            | | | "         | PermissionMissing |
        "      | /Operations/leads    | /operations/*>g      | "            | | | "         | PermissionMissing |
        "      | /operations/leads    | /operations/leads/>g | "            | | | "         | PermissionMissing |
        "      | /operations/leads/   | /operations/leads>g  | "            | | | "         | PermissionMissing |
        "      | /operations/leads    | /leads>g             | "            | | | "         | PermissionMissing |

        -- A Keycloak group by its exact path: neither what lies above nor what lies under it.
        person | /operations             | /operations>g       | g +book:view | | | book:view | Allowed           | g</operations
        " | /operations/leads       | /operations>g       | " | | | " | PermissionMissing |
        " | /operations             | /operations/leads>g | " | | | " | PermissionMissing |
        " | /operationsx            | /operations>g       | " | | | " | PermissionMissing |
        -- /operations/* is whatever lies under it, at any depth, and not the group itself.
        " | /operations/leads       | /operations/*>g     | " | | | " | Allowed           | g</operations/leads~/operations/*
        " | /operations/leads/night | "                   | " | | | " | Allowed           | g</operations/leads/night~/operations/*
        " | /operations/a/b/c/d/e   | "                   | " | | | " | Allowed           | g</operations/a/b/c/d/e~/operations/*
        " | /operations             | "                   | " | | | " | PermissionMissing |
        " | /operationsx            | "                   | " | | | " | PermissionMissing |
        " | /operationsx/leads      | "                   | " | | | " | PermissionMissing |
        " | /sales/operations/leads | "                   | " | | | " | PermissionMissing |
        " | /operations-x/leads     | "                   | " | | | " | PermissionMissing |
        -- Without the slash it is another pattern.
        " | /operationsx            | /operations*>g      | " | | | " | Allowed           | g</operationsx~/operations*
        " | /operations             | "                   | " | | | " | Allowed           | g</operations~/operations*
        " | /sales/leads            | /*/leads>g          | " | | | " | Allowed           | g</sales/leads~/*/leads
        " | /sales/eu/leads         | "                   | " | | | " | Allowed           | g</sales/eu/leads~/*/leads
        " | /leads                  | "                   | " | | | " | PermissionMissing |
        " | /sales                  | /*>g                | " | | | " | Allowed           | g</sales~/*

        -- Patterns of roles: a star stands for any run of characters, the empty one too.
        person | acme-api/book-reader  | acme-api/book-*>g | g +book:view | | | book:view | Allowed | g<acme-api/book-reader~acme-api/book-*
        " | acme-api/book-         | "                   | " | | | " | Allowed           | g<acme-api/book-~acme-api/book-*
        " | acme-api/book          | "                   | " | | | " | PermissionMissing |
        " | acme-api/a-book-reader | "                   | " | | | " | PermissionMissing |
        " | acme-api/book-reader   | acme-api/*-reader>g | " | | | " | Allowed           | g<acme-api/book-reader~acme-api/*-reader
        " | acme-api/-reader       | "                   | " | | | " | Allowed           | g<acme-api/-reader~acme-api/*-reader
        " | acme-api/book-readers  | "                   | " | | | " | PermissionMissing |
        " | acme-api/reader        | "                   | " | | | " | PermissionMissing |
        " | abc                    | a*b*c>g             | " | | | " | Allowed           | g<abc~a*b*c
        " | a1b2c                  | "                   | " | | | " | Allowed           | g<a1b2c~a*b*c
        " | abcbc                  | "                   | " | | | " | Allowed           | g<abcbc~a*b*c
        " | acb                    | "                   | " | | | " | PermissionMissing |
        " | ac                     | "                   | " | | | " | PermissionMissing |
        " | abcd                   | "                   | " | | | " | PermissionMissing |
        " | aab                    | a*ab>g              | " | | | " | Allowed           | g<aab~a*ab
        " | ab                     | "                   | " | | | " | PermissionMissing |
        " | book-reader            | book-**>g           | " | | | " | Allowed           | g<book-reader~book-**
        " | book-a book-b          | book-*>g            | " | | | " | Allowed           | g<book-a~book-* g<book-b~book-*
        -- In a name that Keycloak gives, a star is a letter like any other.
        " | book-*                 | book-reader>g       | " | | | " | PermissionMissing |
        " | book-*                 | book-*>g            | " | | | " | Allowed           | g<book-*~book-*
        -- What other languages of patterns give a meaning to has none here.
        " | book-reader            | book-.*>g           | " | | | " | PermissionMissing |
        " | book-reader            | book?reader>g       | " | | | " | PermissionMissing |
        " | book-reader            | book%>g             | " | | | " | PermissionMissing |
        " | book-reader            | book_reader>g       | " | | | " | PermissionMissing |
        " | book-reader            | [b]ook-reader>g     | " | | | " | PermissionMissing |

        -- Every grant path counts, each for itself: several roles, several mappings, several groups, direct members.
        person  | a b | a>g b>g    | g +book:view              |      | | book:view | Allowed           | g<a g<b
        "       | a   | a>g a>h    | g +book:view; h +book:add |      | | book:add  | Allowed           | g<a h<a
        "       | book-reader | book-reader>g book-*>g | g +book:view         | | | book:view | Allowed | g<book-reader g<book-reader~book-*
        "       | book-reader | book-*>g *-reader>g | "                      | | | " | Allowed | g<book-reader~*-reader g<book-reader~book-*
        "       | a   | a>g        | "                         | g    | | "         | Allowed           | g<a g<direct
        "       |     |            | "                         | g    | | "         | Allowed           | g<direct
        service |     |            | "                         | g    | | "         | Allowed           | g<direct
        person  |     |            | g +book:view; h +book:add | g h  | | book:add  | Allowed           | g<direct h<direct
        "  | a | a>g | g +book:view; h +author:view; i +loan:view default-group | h | | author:view | Allowed | g<a h<direct i<default-group
        "       | "   | "          | "                         | "    | | loan:view | Allowed           | g<a h<direct i<default-group
        "       | "   | "          | "                         | "    | | book:view | Allowed           | g<a h<direct i<default-group
        "       | "   | "          | "                         | "    | | book:add  | PermissionMissing | g<a h<direct i<default-group
        -- A group that has been deleted since has no members, whichever path led there.
        "       | a   | a>gone     | g +book:view              | gone | | book:view | PermissionMissing |
        "       | a   | a>gone a>g | "                         | gone | | "         | Allowed           | g<a

        -- A default group needs nothing, and holds whoever else is in it too.
        person     |   |       | all +book:view default-group |     | | book:view | Allowed           | all<default-group
        service    |   |       | "                            |     | | "         | Allowed           | all<default-group
        person     | a | a>all | "                            | all | | "         | Allowed           | all<a all<default-group all<direct
        "          |   |       | "                            |     | | book:add  | PermissionMissing | all<default-group
        "          |   |       | all +book:view default-group; too -book:view default-group |     | | book:view | PermissionDenied
        | all<default-group too<default-group
        person off |   |       | all +book:view default-group |     | | book:view | AccountDisabled   | all<default-group

        -- A denial wins over every grant, wherever either comes from.
        person |     |         | g +book:view; d -book:view       | g d  | | book:view     | PermissionDenied  | d<direct g<direct
        "      |     |         | d -book:view; g +book:view       | d g  | | "             | PermissionDenied  | d<direct g<direct
        "      | a b | a>g b>d | g +book:view; d -book:view       |      | | "             | PermissionDenied  | d<b g<a
        "      | a   | a>g a>d | "                                |      | | "             | PermissionDenied  | d<a g<a
        "      | a   | a>g     | "                                |      | | "             | Allowed           | g<a
        "      | b   | b>d     | "                                |      | | "             | PermissionDenied  | d<b
        "      | a book-intern | a>g book-*>d | "                                |      | | "  | PermissionDenied | d<book-intern~book-* g<a
        "      | a /operations/interns | a>g /operations/*>d | "        | | | " | PermissionDenied | d</operations/interns~/operations/* g<a
        "      | a   | a>g     | "                                | d    | | "             | PermissionDenied  | d<direct g<a
        "      |     |         | g +book:view; all -book:view default-group | g    | | "     | PermissionDenied | all<default-group g<direct
        "      |     |         | g +book:view; d -book:add        | g d  | | "             | Allowed           | d<direct g<direct
        "      |     |         | both +book:view -book:view       | both | | "             | PermissionDenied  | both<direct
        "      |     |         | g +book:view +book:add -book:add | g    | | book:view     | Allowed           | g<direct
        "      |     |         | "                                | g    | | book:add      | PermissionDenied  | g<direct
        "      |     |         | g +book:view; h +book:view; i +book:*; d -book:view | g h i d | | book:view     | PermissionDenied
        | d<direct g<direct h<direct i<direct
        -- A denial of what nobody grants is named as the denial: to be granted more would not help.
        "      |     |         | d -book:view                     | d    | | book:view     | PermissionDenied  | d<direct
        "      |     |         | g; d -book:view                  | g    | | "             | PermissionMissing | g<direct
        -- Wildcards in grants and in denials.
        "      |     |         | g +book:*; d -book:delete        | g d  | | book:delete   | PermissionDenied  | d<direct g<direct
        "      |     |         | "                                | "    | | book:change   | Allowed           | d<direct g<direct
        "      |     |         | g +*:*; d -book:delete           | g d  | | book:delete   | PermissionDenied  | d<direct g<direct
        "      |     |         | "                                | "    | | book:view     | Allowed           | d<direct g<direct
        "      |     |         | g +*:*; d -book:*                | g d  | | book:view     | PermissionDenied  | d<direct g<direct
        "      |     |         | "                                | "    | | author:view   | Allowed           | d<direct g<direct
        "      |     |         | g +book:view; d -*:*             | g d  | | book:view     | PermissionDenied  | d<direct g<direct
        "      |     |         | g +*:*; d -*:*                   | g d  | | account:view  | PermissionDenied  | d<direct g<direct
        "      |     |         | g +book:view; d -book:*          | g d  | | book:view     | PermissionDenied  | d<direct g<direct
        "      |     |         | g +book:* +author:*; d -book:*   | g d  | | author:delete | Allowed           | d<direct g<direct

        -- book:* is every action of one model, *:* is everything that exists, and there are no other wildcards.
        person | | | g +book:*           | g   | | book:view      | Allowed           | g<direct
        "      | | | "                   | "   | | book:add       | Allowed           | g<direct
        "      | | | "                   | "   | | book:change    | Allowed           | g<direct
        "      | | | "                   | "   | | book:delete    | Allowed           | g<direct
        "      | | | "                   | "   | | author:view    | PermissionMissing | g<direct
        "      | | | g +*:*              | "   | | book:delete    | Allowed           | g<direct
        "      | | | "                   | "   | | account:change | Allowed           | g<direct
        "      | | | "                   | "   | | loan:extend    | Allowed           | g<direct
        "      | | | g +loan:*           | "   | | loan:extend    | Allowed           | g<direct
        "      | | | g +*:view           | "   | | book:view      | PermissionMissing | g<direct
        "      | | | "                   | "   | | account:view   | PermissionMissing | g<direct
        "      | | | g +bo*:view         | "   | | book:view      | PermissionMissing | g<direct
        "      | | | g +book:v*          | "   | | book:view      | PermissionMissing | g<direct
        "      | | | g +**:**            | "   | | book:view      | PermissionMissing | g<direct
        -- Case counts here too, and what cannot be read grants nothing.
        "      | | | g +Book:View        | "   | | book:view      | PermissionMissing | g<direct
        "      | | | g +book:VIEW        | "   | | book:view      | PermissionMissing | g<direct
        "      | | | g +book             | "   | | book:view      | PermissionMissing | g<direct
        "      | | | g +book:            | "   | | book:view      | PermissionMissing | g<direct
        "      | | | g +:view            | "   | | book:view      | PermissionMissing | g<direct
        "      | | | g +book:view:all    | "   | | book:view      | PermissionMissing | g<direct
        "      | | | g +books:view       | "   | | book:view      | PermissionMissing | g<direct
        -- A denial that cannot be read denies everything: nobody knows what it was meant to deny.
        "      | | | g +*:*; d -book     | g d | | book:view      | PermissionDenied  | d<direct g<direct
        "      | | | "                   | "   | | account:view   | PermissionDenied  | d<direct g<direct
        "      | | | g +*:*; d -*:view   | g d | | book:view      | PermissionDenied  | d<direct g<direct
        "      | | | "                   | "   | | book:add       | PermissionDenied  | d<direct g<direct
        "      | | | g +*:*; d -book:v*  | "   | | book:view      | PermissionDenied  | d<direct g<direct
        "      | | | g +*:*; d -bo*:view | "   | | book:view      | PermissionDenied  | d<direct g<direct
        "      | | | g +*:*; d -a:b:c    | "   | | author:change  | PermissionDenied  | d<direct g<direct
        "      | | | g +*:*; d -a:b:c    | g   | | author:change  | Allowed           | g<direct
        -- One that can be read and names nothing denies nothing else. It ends the next start.
        "      | | | g +*:*; d -car:view | g d | | book:view      | Allowed           | d<direct g<direct

        -- What does not exist is refused as missing, whatever is granted or denied, and whoever asks.
        person | | | g +*:*           | g |            | book:publish                          | PermissionMissing | g<direct
        "      | | | "                | " |            | account:delete                        | PermissionMissing | g<direct
        "      | | | "                | " |            | loan:add                              | PermissionMissing | g<direct
        "      | | | "                | " |            | car:view                              | PermissionMissing | g<direct
        "      | | | "                | " |            | books:view                            | PermissionMissing | g<direct
        "      | | | "                | " |            | Book:view                             | PermissionMissing | g<direct
        "      | | | "                | " |            | *:*                                   | PermissionMissing | g<direct
        "      | | | "                | " |            | book:*                                | PermissionMissing | g<direct
        "      | | | g +car:view      | " |            | car:view                              | PermissionMissing | g<direct
        "      | | | g +car:view -*:* | " |            | car:view                              | PermissionMissing | g<direct
        "      | | | g +*:*           | " | session    | car:view                              | PermissionMissing | g<direct
        "      | | | "                | " | books:read | car:view                              | PermissionMissing | g<direct
        "      | | | "                | " |            | car:view requires any-of=library:read | PermissionMissing | g<direct

        -- An account that is disabled may nothing, and nothing else is looked at.
        person off  | | | g +*:* | g |            | book:view              | AccountDisabled | g<direct
        service off | | | "      | " |            | book:view              | AccountDisabled | g<direct
        person off  | | | "      | " | session    | book:view              | AccountDisabled | g<direct
        "           | | | "      | " |            | anything               | AccountDisabled | g<direct
        "           | | | "      | " | books:read | author:view            | AccountDisabled | g<direct
        "           | | | "      | " |            | book:view only=service | AccountDisabled | g<direct
        "           | | | "      | " |            | car:view               | AccountDisabled | g<direct
        "           | | | d -*:* | d |            | book:view              | AccountDisabled | d<direct
        "           | | | d      |   |            | book:view              | AccountDisabled |

        -- For one kind of account alone; looked at before the groups are.
        service | | | g +book:view | g |              | book:view only=service | Allowed            | g<direct
        person  | | | "            | " |              | book:view only=person  | Allowed            | g<direct
        person  | | | "            | " |              | book:view only=service | AccountKindRefused | g<direct
        service | | | "            | " |              | book:view only=person  | AccountKindRefused | g<direct
        person  | | | "            |   |              | book:view only=service | AccountKindRefused |
        person  | | | d -book:view | d |              | book:view only=service | AccountKindRefused | d<direct
        person  | | | g +book:view | g | session      | book:view only=service | AccountKindRefused | g<direct
        person  | | | "            | g | authors:read | book:view only=service | AccountKindRefused | g<direct
        person  | | | "            |   |              | car:view only=service  | AccountKindRefused |
        service | | | "            |   |              | anything only=person   | AccountKindRefused |
        service | | | "            |   |              | anything only=service  | Allowed            |
        service | | | "            |   |              | book:view only=service | PermissionMissing  |

        -- What any account may: only whether it is enabled and its kind matter.
        person | | | d -*:* |   |            | anything              | Allowed |
        "      | | | "      | d |            | anything              | Allowed | d<direct
        "      | | | "      |   | session    | anything              | Allowed |
        "      | | | "      |   | books:read | anything              | Allowed |
        -- There is no model whose scope it could need; who wants one names it.
        "      | | | "      |   |            | anything api-requires | Allowed |
        "      | | | "      |   |            | anything requires     | Allowed |

        -- Scopes of ours narrow what the groups allow: read for looking, write for all else, each of its own model.
        person  | | | g +*:* | g   | books:read              | book:view              | Allowed                          | g<direct
        service | | | "      | "   | books:read              | book:view              | Allowed                          | g<direct
        person  | | | "      | "   | books:read              | book:add               | InsufficientScope books:write    | g<direct
        service | | | "      | "   | books:read              | book:add               | InsufficientScope books:write    | g<direct
        person  | | | "      | "   | books:read              | book:change            | InsufficientScope books:write    | g<direct
        "       | | | "      | "   | books:read              | book:delete            | InsufficientScope books:write    | g<direct
        "       | | | "      | "   | books:write             | book:add               | Allowed                          | g<direct
        "       | | | "      | "   | books:write             | book:change            | Allowed                          | g<direct
        "       | | | "      | "   | books:write             | book:delete            | Allowed                          | g<direct
        "       | | | "      | "   | books:write             | book:view              | InsufficientScope books:read     | g<direct
        "       | | | "      | "   | books:read books:write  | book:view              | Allowed                          | g<direct
        "       | | | "      | "   | books:read books:write  | book:delete            | Allowed                          | g<direct
        "       | | | "      | "   | books:read              | author:view            | InsufficientScope authors:read   | g<direct
        "       | | | "      | "   | books:read              | account:change         | InsufficientScope accounts:write | g<direct
        "       | | | "      | "   | authors:read            | book:view              | InsufficientScope books:read     | g<direct
        "       | | | "      | "   | authors:read books:read | author:view            | Allowed                          | g<direct
        "       | | | "      | "   | loans:write             | loan:extend            | Allowed                          | g<direct
        "       | | | "      | "   | loans:read              | loan:extend            | InsufficientScope loans:write    | g<direct
        -- They never widen.
        "       | | | g +book:view | "   | books:write             | book:add               | PermissionMissing                | g<direct
        "       | | | "      | "   | library:all             | book:add               | PermissionMissing                | g<direct
        "       | | | "      |     | books:read              | book:view              | PermissionMissing                |
        "       | | | g +book:view; d -book:view | g d | books:read              | book:view          | PermissionDenied | d<direct g<direct
        "       | | | "      | g d | authors:read            | book:view              | PermissionDenied                 | d<direct g<direct
        -- Scopes that are not ours mean nothing: no case, no beginning and no name of a permission makes one ours.
        "       | | | g +*:* | g   |                         | book:add               | Allowed                          | g<direct
        "       | | | "      | "   | openid profile email    | book:add               | Allowed                          | g<direct
        "       | | | "      | "   | Books:Read              | book:add               | Allowed                          | g<direct
        "       | | | "      | "   | books:readonly          | book:add               | Allowed                          | g<direct
        "       | | | "      | "   | books                   | book:add               | Allowed                          | g<direct
        "       | | | "      | "   | book:view               | book:add               | Allowed                          | g<direct
        "       | | | "      | "   | cars:read               | book:add               | Allowed                          | g<direct
        "       | | | "      | "   | openid books:read       | book:view              | Allowed                          | g<direct
        "       | | | "      | "   | openid books:read       | book:add               | InsufficientScope books:write    | g<direct
        -- A scope of no model narrows too: to nothing but what states it.
        "       | | | "      | "   | library:read            | book:view              | InsufficientScope books:read     | g<direct
        "       | | | "      | "   | library:read books:read | book:view              | Allowed                          | g<direct
        "       | | | "      | "   | library:read            | book:view any-of=books:read,library:read | Allowed                 | g<direct
        -- A session has no scopes, and nothing about scopes concerns it.
        "       | | | "      | "   | session                 | book:view              | Allowed                          | g<direct
        "       | | | "      | "   | session                 | book:view requires     | Allowed                          | g<direct
        "       | | | "      | "   | session                 | book:view api-requires | Allowed                          | g<direct
        "       | | | "      | "   | session                 | book:view requires-for=book | Allowed                          | g<direct
        "       | | | "      | "   | session                 | book:view requires any-of=library:all | Allowed                    | g<direct
        "       | | | g      | "   | session                 | book:view              | PermissionMissing                | g<direct

        -- Alternatives: any one set is enough, a set of several needs them all, and they stand in place of the model's scope.
        person | | | g +*:* | g | books:read              | book:view any-of=books:read,library:read              | Allowed       | g<direct
        " | | | " | " | authors:write           | book:view any-of=books:read,library:read         | InsufficientScope books:read | g<direct
        " | | | " | " | books:read              | book:view any-of=library:read                  | InsufficientScope library:read | g<direct
        " | | | " | " | books:read              | book:view any-of=books:read+authors:read,library:read
        | InsufficientScope books:read authors:read | g<direct
        " | | | " | " | authors:read            | book:view any-of=books:read+authors:read,library:read
        | InsufficientScope books:read authors:read | g<direct
        " | | | " | " | books:read authors:read | book:view any-of=books:read+authors:read,library:read | Allowed           | g<direct
        " | | | " | " | library:read            | book:view any-of=books:read+authors:read,library:read | Allowed           | g<direct
        " | | | " | " | library:read authors:read | book:view any-of=books:read+authors:read,library:read | Allowed           | g<direct
        " | | | " | " | library:all             | book:view any-of=books:read+authors:read,library:read+library:all
        | InsufficientScope books:read authors:read | g<direct
        " | | | " | " | books:write library:all | book:delete any-of=books:write+library:all            | Allowed           | g<direct
        " | | | " | " | library:read            | anything any-of=library:read                          | Allowed           | g<direct
        " | | | " | " | books:read              | anything any-of=library:read                   | InsufficientScope library:read | g<direct
        " | | | " | " |                         | anything any-of=library:read                          | Allowed           | g<direct
        " | | | " | " | openid                  | book:view any-of=library:read                         | Allowed           | g<direct
        " | | | g | " | library:read            | book:view any-of=library:read                         | PermissionMissing | g<direct

        -- Where a scope is required, a token without any of ours is refused instead of not narrowed: by the endpoint,
        person | | | g +*:* | g |              | book:view requires                         | InsufficientScope books:read     | g<direct
        "      | | | "      | " | openid       | book:view requires                         | InsufficientScope books:read     | g<direct
        "      | | | "      | " | Books:Read   | book:view requires                         | InsufficientScope books:read     | g<direct
        "      | | | "      | " | books:read   | book:view requires                         | Allowed                          | g<direct
        "      | | | "      | " | books:read   | book:add requires                          | InsufficientScope books:write    | g<direct
        "      | | | "      | " |              | book:view requires any-of=books:read+authors:read,library:read
        | InsufficientScope books:read authors:read | g<direct
        "      | | | "      | " | library:read | book:view requires any-of=books:read+authors:read,library:read | Allowed         | g<direct
        "      | | | "      | " |              | anything requires any-of=library:read      | InsufficientScope library:read   | g<direct
        "      | | | "      | " | library:read | anything requires any-of=library:read      | Allowed                          | g<direct
        -- by the setting for every model,
        "      | | | "      | " |              | book:view api-requires                     | InsufficientScope books:read     | g<direct
        "      | | | "      | " |              | account:change api-requires                | InsufficientScope accounts:write | g<direct
        "      | | | "      | " | openid       | loan:extend api-requires                   | InsufficientScope loans:write    | g<direct
        "      | | | "      | " | books:read   | book:view api-requires                     | Allowed                          | g<direct
        "      | | | "      | " |              | book:view api-requires any-of=library:read | InsufficientScope library:read   | g<direct
        "      | | | "      | " | library:read | book:view api-requires any-of=library:read | Allowed                          | g<direct
        -- and by the setting for some.
        "      | | | "      | " |              | book:view requires-for=book                | InsufficientScope books:read     | g<direct
        "      | | | "      | " |              | author:view requires-for=book              | Allowed                          | g<direct
        "      | | | "      | " |              | author:view requires-for=book+author       | InsufficientScope authors:read   | g<direct
        "      | | | "      | " | books:read   | author:view requires-for=book              | InsufficientScope authors:read   | g<direct
        "      | | | "      | " |              | anything requires-for=book                 | Allowed                          | g<direct
        "      | | | g      | " |              | book:view api-requires                     | PermissionMissing                | g<direct
        "      | | | g +*:*; d -book:* | g d |              | book:view api-requires                  | PermissionDenied | d<direct g<direct

        -- Whole grant paths, many things at once.
        person | staff acme-api/book-editor /operations/leads | staff>staff acme-api/book-*>editors /operations/*>leads
        | staff +account:view; editors +book:* -book:delete; leads +author:* ; all +loan:view default-group | leads | books:read books:write
        | book:change | Allowed
        | all<default-group editors<acme-api/book-editor~acme-api/book-* leads</operations/leads~/operations/* leads<direct staff<staff
        " | " | " | " | "     | "       | book:delete | PermissionDenied
        | all<default-group editors<acme-api/book-editor~acme-api/book-* leads</operations/leads~/operations/* leads<direct staff<staff
        " | " | " | " | "     | "       | author:add | InsufficientScope authors:write
        | all<default-group editors<acme-api/book-editor~acme-api/book-* leads</operations/leads~/operations/* leads<direct staff<staff
        " | " | " | " | "     | "       | account:change | PermissionMissing
        | all<default-group editors<acme-api/book-editor~acme-api/book-* leads</operations/leads~/operations/* leads<direct staff<staff
        " | " | " | " | "     | session | author:add | Allowed
        | all<default-group editors<acme-api/book-editor~acme-api/book-* leads</operations/leads~/operations/* leads<direct staff<staff
        " | acme-api/book-editor | " | " |       | session | author:add | PermissionMissing
        | all<default-group editors<acme-api/book-editor~acme-api/book-*
        " | " | " | " | leads | session | author:add | Allowed | all<default-group editors<acme-api/book-editor~acme-api/book-* leads<direct
        """;

    /// <summary>The rows as whole texts, every quotation mark replaced by what it stands for.</summary>
    public static IEnumerable<(int Line, string[] Columns)> Read()
    {
        var above = Array.Empty<string>();
        var lines = Rows.Split('\n');
        for (var i = 0; i < lines.Length; i++)
        {
            if (string.IsNullOrWhiteSpace(lines[i]) || lines[i].StartsWith("--", StringComparison.Ordinal))
            {
                continue;
            }

            var (number, row) = (i + 1, lines[i]);
            while (i + 1 < lines.Length && lines[i + 1].StartsWith('|'))
            {
                row += lines[++i];
            }

            var columns = row.Split('|', StringSplitOptions.TrimEntries);
            Assert.True(columns.Length == 9, $"Line {number} of the table has {columns.Length} columns: {row}");
            above = [.. columns.Select((column, place) => column == "\"" ? above[place] : column)];
            yield return (number, above);
        }
    }
}
