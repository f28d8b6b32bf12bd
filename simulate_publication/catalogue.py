"""SNIIM's cities for milk: in its order, in its spelling, trailing blanks included."""

from __future__ import annotations

from typing import NamedTuple

from canasta.labels import clean


class City(NamedTuple):
    """One row of the sheet.

    `written_state` and `written_name` are spelt as SNIIM writes them; `population` is in
    thousands, roughly that of the 2020 census (a ZM is the metropolitan area without its
    core), and serves as the fixed weight of "Promedio Ponderado por Población".
    """

    written_state: str
    written_name: str
    population: int

    @property
    def key(self) -> tuple[str, str]:
        """State and city, clean."""
        return clean(self.written_state), clean(self.written_name)


CITIES = (
    City("Aguascalientes ", "Aguascalientes", 864),
    City("Baja California", "Mexicali", 855),
    City("Baja California", "Tijuana", 1811),
    City("Baja California Sur", "La Paz", 250),
    City("Campeche", "Campeche", 250),
    City("Coahuila", "Piedras Negras", 174),
    City("Coahuila", "Saltillo", 865),
    City("Coahuila", "Torreón", 691),
    City("Colima", "Colima", 147),
    City("Chiapas", "Tapachula", 218),
    City("Chiapas", "Tuxtla Gutiérrez", 579),
    City("Chihuahua", "Chihuahua", 926),
    City("Chihuahua", "Cd.Juárez", 1501),
    City("CDMX", "Ciudad de México", 9210),
    City("CDMX", "ZM Ciudad de México", 12595),
    City("Durango", "Durango", 616),
    City("Durango", "Gómez Palacio", 301),
    City("Guanajuato", "León", 1579),
    City("Guanajuato", "Celaya", 379),
    City("Guerrero", "Acapulco", 659),
    City("Guerrero", "Chilpancingo", 226),
    City("Hidalgo", "Pachuca", 297),
    City("Jalisco", "Guadalajara", 1385),
    City("Jalisco", "ZM Guadalajara", 3884),
    City("Edo. México", "Toluca", 224),
    City("Michoacán", "Morelia", 743),
    City("Morelos", "Cuernavaca", 342),
    City("Nayarit", "Tepic", 371),
    City("Nuevo León", "Monterrey", 1142),
    City("Nuevo León", "ZM Monterrey", 4199),
    City("Oaxaca", "Oaxaca", 259),
    City("Puebla", "Puebla", 1542),
    City("Puebla", "ZM Puebla", 1657),
    City("Querétaro", "Querétaro", 794),
    City("Quintana Roo", "Cancún", 888),
    City("Quintana Roo", "Chetumal", 169),
    City("San Luis Potosí", "San Luis Potosí", 846),
    City("Sinaloa", "Culiacán", 808),
    City("Sonora", "Cd. Obregón", 329),
    City("Sonora", "Hermosillo", 855),
    City("Sonora", "Nogales", 262),
    City("Sonora", "San Luis Río Colorado", 177),
    City("Tabasco", "Villahermosa", 341),
    City("Tamaulipas", "Cd. Victoria", 333),
    City("Tamaulipas", "Matamoros", 511),
    City("Tamaulipas", "Nuevo Laredo", 417),
    City("Tamaulipas", "Reynosa", 691),
    City("Tamaulipas", "Tampico", 297),
    City("Tlaxcala", "Tlaxcala", 100),
    City("Veracruz", "Coatzacoalcos", 213),
    City("Veracruz", "Xalapa", 443),
    City("Veracruz", "Veracruz ", 406),
    City("Yucatán", "Mérida", 922),
    City("Zacatecas", "Zacatecas", 139),
)

UNKNOWN_POPULATION = 300
"""The weight of a city that is not in the catalogue, in thousands."""

NEVER_QUOTED = frozenset(
    {
        *(
            (city, "Pasteurizada", channel)
            for city in (
                "Tijuana",
                "Campeche",
                "Tapachula",
                "Tuxtla Gutiérrez",
                "Cancún",
                "Chetumal",
                "Nogales",
                "Villahermosa",
                "Coatzacoalcos",
                "Xalapa",
                "Veracruz",
                "Mérida",
            )
            for channel in ("Tiendas", "Autoservicios")
        ),
        *((city, "Ultrapasteurizada", "Tiendas") for city in ("Cd.Juárez", "Durango", "Reynosa")),
    }
)
"""City, type and channel of the series that stand as "N.d." in every publication."""

ALWAYS_ZERO = frozenset({"San Luis Río Colorado"})
"""Cities whose every cell is 0: no quote either."""

MOVING_DAYS = {"Veracruz": 2, "Campeche": 4, "Durango": 4, "Aguascalientes": 4}
"""The weekday (0 is Monday) on which a city's prices mostly move."""
